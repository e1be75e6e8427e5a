// What the sidecar answers, as far as it is looked at here. docs/protocol.md has all of it.

export interface Route {
  provider: string;
  model: string;
}

export interface Status {
  workspace: string;
  kind: "normal" | "warning" | "error" | "inactive";
  busy: boolean;
  text: string;
  tooltip: string;
  route: Route | null;
  endpoint: { url: string; state: "serving" | "standby" | "blocked" };
  command: { title: string; command: string };
}

export interface Workspace {
  name: string;
  active: boolean;
  default: string | null;
}

export interface Provider {
  name: string;
  models: number;
}

export interface ProviderType {
  type: string;
  label: string;
  defaultEndpoint: string;
  auth: "none" | "api_key";
  freeName?: string;
}

export interface Model {
  provider: string;
  name: string;
  contextWindow?: number;
  gone?: boolean;
}

export interface Explanation {
  route: Route | null;
  considered: { position: number; filter: string; matched: boolean; why: string }[];
  broken?: string | null;
}

export interface Request {
  id: string;
  startedAt: string;
  provider: string | null;
  model: string | null;
  files: string[];
  outcome: string;
  title: string;
  inputTokens?: number;
  outputTokens?: number;
  cost?: number;
  error?: string;
}

export interface Check {
  check: string;
  ok: boolean;
  detail: string;
  mend?: string;
}
