// Where in this page something is.

export const workspaceAt = (name) => `#/workspaces/${encodeURIComponent(name)}`;
export const providerAt = (name) => `#/providers/${encodeURIComponent(name)}`;
export const requestAt = (id) => `#/requests/${encodeURIComponent(id)}`;
