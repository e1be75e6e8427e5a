// Workspaces: all of them, or the one that is named in the address.

import { html, useEffect, useState } from "./view.js";
import { workspaceAt } from "./addresses.js";
import { count, today } from "./format.js";
import { useAction, useFresh } from "./fresh.js";
import { Empty, Trouble } from "./parts.js";
import { Menu } from "./menu.js";
import { Workspace } from "./workspace.js";
import { actionsOf, WorkspaceDialog } from "./workspace-dialogs.js";

export function Workspaces({ rpc, detail }) {
  return detail ? html`<${Workspace} key=${detail} rpc=${rpc} name=${detail} />` : html`<${All} rpc=${rpc} />`;
}

function All({ rpc }) {
  const { value, error, set } = useFresh(rpc, () => rpc.call("mux/workspace/list"), ["workspaces", "rules", "models", "providers"]);
  const { value: usage, error: uncounted } = useFresh(rpc, () => rpc.call("mux/usage", { since: today(), by: "workspace" }), ["requests"]);
  const [asked, setAsked] = useState(null);
  const { run, error: failed } = useAction();
  useEffect(() => {
    document.title = "Workspaces · mux-sidecar";
  }, []);
  const requests = (name) => usage?.find((each) => each.key === name)?.requests ?? 0;
  const done = async (made) => {
    if (made && asked.what !== "rename") location.hash = workspaceAt(made.name);
    else set(await rpc.call("mux/workspace/list"));
  };
  const activate = (name) => run(() => rpc.call("mux/workspace/switch", { name }));
  return html`<div class="bar heading"><h1>Workspaces</h1>
      <button type="button" onClick=${() => setAsked({ what: "import" })}>Import …</button>
      <button type="button" class="main" onClick=${() => setAsked({ what: "add" })}>Add a workspace</button></div>
    <${Trouble} error=${error ?? uncounted ?? failed} />
    ${value && (usage || uncounted) && html`<section class="card" aria-label="All workspaces">
      <table role="table" class="all" aria-label="Workspaces"><thead role="rowgroup"><tr role="row">
        <th role="columnheader" scope="col">Name</th><th role="columnheader" scope="col">Everything else goes to</th><th role="columnheader" scope="col" class="number">Rules</th>
        <th role="columnheader" scope="col" class="number">Requests today</th><th role="columnheader" scope="col"><span class="unseen">Actions</span></th></tr></thead>
        <tbody role="rowgroup">${value.map((each) => html`<tr role="row" key=${each.name}>
          <th role="rowheader" scope="row" class="name"><a href=${workspaceAt(each.name)}>${each.name}</a>${each.active && html` <span class="tag good">active</span>`}</th>
          <td role="cell" class="default" data-label="Everything else">${each.default ? html`<span class="model">${each.default}</span>` : html`<a href=${workspaceAt(each.name)}>choose a model</a>`}</td>
          <td role="cell" class="number" data-label="Rules">${count(each.rules)}</td>
          <td role="cell" class="number" data-label="Requests today">${usage ? count(requests(each.name)) : ""}</td>
          <td role="cell" class="acts"><button type="button" disabled=${each.active} aria-label=${`Make ${each.name} active`} onClick=${() => activate(each.name)}>Make active</button>
            <${Menu} label=${`More for ${each.name}`} items=${actionsOf((what) => setAsked({ what, workspace: each }), each)} /></td>
        </tr>`)}</tbody></table>
      ${value.length === 1 && html`<${Empty}>A workspace is a list of rules. Add another one for a project that wants other models, and switch with one click.<//>`}
    </section>`}
    ${asked && html`<${WorkspaceDialog} key=${asked.what} rpc=${rpc} ...${asked} onClose=${() => setAsked(null)} onDone=${done} />`}`;
}
