// Connect: what points each AI client here, and whether a request of it has arrived.

import { html, useState } from "./view.js";
import { Access } from "./access.js";
import { Arrival } from "./arrival.js";
import { useFresh } from "./fresh.js";
import { Choice, Copy, Field, Trouble } from "./parts.js";

let bound = ""; // the workspace that was chosen last, empty for whichever is active

export function Connect({ rpc, status, detail }) {
  const [workspace, setWorkspace] = useState(bound);
  const clients = useFresh(rpc, () => rpc.call("mux/client/list", workspace ? { workspace } : {}), ["settings", "workspaces"], [workspace]);
  const client = clients.value?.find((each) => each.id === detail) ?? clients.value?.[0];
  const address = workspace ? `${status.endpoint.url}/w/${workspace}` : status.endpoint.url;
  return html`<h1>Connect</h1>
    <section class="card" aria-label="Address">
      <p class="trouble" hidden=${status.endpoint.state === "serving"}>${status.endpoint.detail ?? `The endpoint is ${status.endpoint.state}.`}</p>
      <p>Clients are pointed at <code>${address}</code> <${Copy} text=${address} what="the address" /></p>
      <p class="quiet">Any model's name will do: the rules choose. Any key will do too, unless one is wanted below.</p>
      <${Bound} rpc=${rpc} workspace=${workspace} onChoose=${(name) => setWorkspace((bound = name))} />
    </section>
    <${Trouble} error=${clients.error} />
    <div class="guide">
      <nav class="card" aria-label="Clients"><ul>${clients.value?.map((each) => html`<li key=${each.id}>
        <a href=${`#/connect/${each.id}`} aria-current=${each === client ? "true" : undefined}>${each.name}</a></li>`)}</ul></nav>
      ${client && html`<${Client} key=${client.id} rpc=${rpc} client=${client} workspace=${workspace} />`}
    </div>
    ${client && html`<${Access} rpc=${rpc} url=${status.endpoint.url} />`}`;
}

function Bound({ rpc, workspace, onChoose }) {
  const { value } = useFresh(rpc, () => rpc.call("mux/workspace/list"), ["workspaces"]);
  const names = (value ?? []).map(({ name }) => name);
  if (workspace && !names.includes(workspace)) names.push(workspace);
  return html`<div class="bound"><${Field} label="Workspace">
    <${Choice} value=${workspace} options=${[["", "Whichever is active"], ...names.map((name) => [name, `Always ${name}`])]} onChoose=${onChoose} /><//></div>`;
}

function Client({ rpc, client, workspace }) {
  const { value: settings } = useFresh(rpc, () => rpc.call("mux/settings/get"), ["settings"]);
  return html`<section class="card client" aria-labelledby="client">
    <h2 id="client">${client.name}</h2>
    ${client.note && html`<p>${client.note}</p>`}
    <ol class="steps">${client.steps.map((step, index) => html`<li key=${index}><${Step} step=${step} number=${index + 1} /></li>`)}</ol>
    ${settings?.requireKey && client.steps.length > 0 && html`<p>MUX_TOKEN stands for what <code>mux-sidecar token</code> prints.</p>`}
    ${client.local ? html`<${Arrival} key=${workspace} rpc=${rpc} client=${client} workspace=${workspace} />`
      : html`<p class="quiet">Its requests do not leave from this machine, and so cannot come here.</p>`}
    <p class="source quiet">Source: <a href=${client.source} target="_blank" rel="noreferrer">${new URL(client.source).host}</a></p>
  </section>`;
}

const SYSTEM = /^win/i.test(navigator.platform) ? "windows" : /^(mac|iphone|ipad)/i.test(navigator.platform) ? "macos" : "linux";

function Step({ step, number }) {
  return html`<p>${step.do} ${step.where && html`<code>${step.where[SYSTEM]}</code>`}</p>
    <div class="lines"><pre tabindex="0" aria-label=${`Lines of step ${number}`}>${step.lines}</pre><${Copy} text=${step.lines} what=${`the lines of step ${number}`} /></div>`;
}
