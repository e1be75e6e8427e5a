// A provider is removed; where rules use it, only after that was said.

import { html } from "./view.js";
import { Confirm } from "./dialog.js";

const IN_USE = 1003;

// `onUsed` gets the workspaces that keep it from being removed.
export function RemoveProvider({ rpc, name, onUsed, onClose }) {
  const act = async (signal) => {
    try {
      await rpc.call("mux/provider/remove", { name }, signal);
    } catch (error) {
      if (error.code !== IN_USE) throw error;
      onUsed(error.data.users);
    }
  };
  return html`<${Confirm} title=${`Remove ${name}?`} yes="Remove" act=${act} onClose=${onClose}>
    <p>Its models and its stored key go with it. Requests that it answered stay in the list.</p>
  <//>`;
}

export function ForceProvider({ rpc, name, users, onClose }) {
  const act = (signal) => rpc.call("mux/provider/remove", { name, force: true }, signal);
  return html`<${Confirm} title=${`${name} is in use`} yes="Remove all the same" act=${act} onClose=${onClose}>
    <p>Rules of these workspaces lead to it:</p>
    <ul>${users.map((each) => html`<li key=${each}>${each}</li>`)}</ul>
    <p>They stay, but what they take is refused until another model is chosen for them.</p>
  <//>`;
}
