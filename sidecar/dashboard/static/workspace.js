// One workspace: its name, what counts, its rules, and trying them.

import { html, useEffect, useState } from "./view.js";
import { workspaceAt } from "./addresses.js";
import { useAction, useFresh } from "./fresh.js";
import { Empty, Trouble } from "./parts.js";
import { Menu } from "./menu.js";
import { useRulebook } from "./rulebook.js";
import { Rules } from "./rules.js";
import { TryIt } from "./tryit.js";
import { actionsOf, WorkspaceDialog } from "./workspace-dialogs.js";

const SCOPES = {
  turn: ["of the current turn", "Earlier files still travel to the model in the conversation's history."],
  conversation: ["of the whole conversation", "For files that must not leave this machine: put the rule for them first."],
};

export function Workspace({ rpc, name }) {
  const { value, error, set } = useFresh(rpc, () => rpc.call("mux/workspace/list"), ["workspaces", "rules"]);
  const [asked, setAsked] = useState(null);
  const { run, error: failed } = useAction();
  const workspace = value?.find((each) => each.name.toLowerCase() === name.toLowerCase());
  useEffect(() => {
    document.title = `${name} · Workspaces · mux-sidecar`;
    document.getElementById("main").focus();
  }, [name]);
  const act = (what) => setAsked({ what, workspace });
  return html`<p class="back"><a href="#/workspaces">‹ Workspaces</a></p>
    <div class="bar"><h1>${workspace?.name ?? name} ${workspace?.active && html`<span class="tag good">active</span>`}</h1>
      ${workspace && html`<button type="button" class="main" disabled=${workspace.active} onClick=${() => run(() => rpc.call("mux/workspace/switch", { name: workspace.name }))}>Make active</button>
        <${Menu} label=${`More for ${workspace.name}`} items=${actionsOf(act, workspace)} />`}</div>
    <${Trouble} error=${error ?? failed} />
    ${value && !workspace && html`<${Empty}>There is no workspace ${name} any more; it was renamed or removed. <a href="#/workspaces">See those there are</a>.<//>`}
    ${workspace && html`<${Opened} key=${workspace.name} rpc=${rpc} workspace=${workspace} onScope=${(changed) => set(value.map((each) => (each.name === changed.name ? changed : each)))} />`}
    ${asked && html`<${WorkspaceDialog} rpc=${rpc} ...${asked} onClose=${() => setAsked(null)}
      onDone=${(made) => location.replace(made ? workspaceAt(made.name) : "#/workspaces")} />`}`;
}

// All of it at once, when the rules are there: nothing is pushed down by what comes later.
function Opened({ rpc, workspace, onScope }) {
  const book = useRulebook(rpc, workspace.name);
  if (!book.rules) return html`<${Trouble} error=${book.error} />`;
  return html`<${Rules} rpc=${rpc} book=${book} />
    <${TryIt} rpc=${rpc} workspace=${workspace.name} />
    <${Scope} rpc=${rpc} workspace=${workspace} onDone=${onScope} />`;
}

function Scope({ rpc, workspace, onDone }) {
  const { run, error } = useAction();
  const [chosen, setChosen] = useState(null);
  const choose = async (scope) => {
    setChosen(scope);
    await run(async () => onDone(await rpc.call("mux/workspace/update", { name: workspace.name, scope })));
    setChosen((now) => (now === scope ? null : now));
  };
  return html`<section class="card" aria-labelledby="scope">
    <h2 id="scope">Which files count</h2>
    <fieldset class="scopes"><legend class="unseen">Which files count</legend>
      ${Object.entries(SCOPES).map(([scope, [label, hint]]) => html`<div key=${scope}><label>
        <input type="radio" name="scope" value=${scope} checked=${scope === (chosen ?? workspace.scope)} aria-describedby=${`scope-${scope}`} onChange=${() => choose(scope)} />Those ${label}</label>
        <small id=${`scope-${scope}`}>${hint}</small></div>`)}
    </fieldset>
    <${Trouble} error=${error} />
  </section>`;
}
