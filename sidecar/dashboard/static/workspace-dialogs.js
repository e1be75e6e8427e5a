// What is done with a whole workspace: added, copied, renamed, removed, exported; it is imported in a dialog of its own.

import { html, useState } from "./view.js";
import { plural } from "./format.js";
import { Field } from "./parts.js";
import { Confirm, FormDialog } from "./dialog.js";
import { download } from "./workspace-file.js";
import { Import } from "./workspace-import.js";

const ALWAYS = "default"; // is always there: it is neither renamed nor removed

export const actionsOf = (act, { name }) => [
  { title: "Rename …", act: () => act("rename"), isFixed: true },
  { title: "Copy …", act: () => act("copy") },
  { title: "Export …", act: () => act("export") },
  { title: "Remove …", act: () => act("remove"), danger: true, isFixed: true },
].filter(({ isFixed }) => !isFixed || name !== ALWAYS);

const DIALOGS = { add: Add, copy: Add, rename: Rename, export: Export, import: Import, remove: Remove };

// `onDone` gets the workspace that there is now, or null when one was removed; the dialog waits for it.
export function WorkspaceDialog({ what, ...rest }) {
  return html`<${DIALOGS[what]} ...${rest} />`;
}

const NAMING = "Letters, digits, dots, dashes and underscores.";

function Name({ name, onName, error, hint = NAMING }) {
  return html`<${Field} label="Name" hint=${hint} error=${error}><input type="text" value=${name} required autocomplete="off" autocapitalize="off"
    spellcheck=${false} onInput=${(event) => onName(event.target.value)} /><//>`;
}

function Add({ rpc, workspace, onClose, onDone }) {
  const [name, setName] = useState(workspace ? `${workspace.name}-copy` : "");
  const act = async (signal) => onDone(await rpc.call("mux/workspace/add", { name, copyFrom: workspace?.name ?? null }, signal));
  return html`<${FormDialog} title=${workspace ? `Copy ${workspace.name}` : "Add a workspace"} yes=${workspace ? "Copy" : "Add"} act=${act} onClose=${onClose}>
    ${(wrong) => html`<${Name} name=${name} onName=${setName} error=${wrong("name")} />`}
  <//>`;
}

function Rename({ rpc, workspace, onClose, onDone }) {
  const [name, setName] = useState(workspace.name);
  const act = async (signal) => onDone(await rpc.call("mux/workspace/update", { name: workspace.name, newName: name }, signal));
  return html`<${FormDialog} title=${`Rename ${workspace.name}`} yes="Rename" act=${act} onClose=${onClose}>
    ${(wrong) => html`<${Name} name=${name} onName=${setName} error=${wrong("newName")} hint=${`${NAMING} Clients that are bound to ${workspace.name} must be told the new name.`} />`}
  <//>`;
}

function Remove({ rpc, workspace, onClose, onDone }) {
  const act = async (signal) => {
    await rpc.call("mux/workspace/remove", { name: workspace.name }, signal);
    await onDone(null);
  };
  return html`<${Confirm} title=${`Remove ${workspace.name}?`} yes="Remove" act=${act} onClose=${onClose}>
    <p>Its ${plural(workspace.rules, "rule")} ${workspace.rules === 1 ? "goes" : "go"} with it.${workspace.active && " It is the active workspace: default becomes active instead."}
      ${" "}This cannot be undone; an export can be imported again.</p>
  <//>`;
}

function Export({ rpc, workspace, onClose }) {
  const act = (signal) => download(rpc, workspace.name, signal);
  return html`<${FormDialog} title=${`Export ${workspace.name}`} yes="Download" act=${act} onClose=${onClose}>
    <p>The file holds the rules, and names providers and models. It holds no keys and no endpoints, so it can be shared.</p>
  <//>`;
}
