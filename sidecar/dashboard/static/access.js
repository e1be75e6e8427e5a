// Who may ask the endpoint: whether a key is wanted, and which pages and names are let in.

import { html, useState } from "./view.js";
import { FormDialog } from "./dialog.js";
import { lines } from "./format.js";
import { useFresh } from "./fresh.js";
import { Field, Trouble } from "./parts.js";

// `url` is the endpoint's, whose port is settled before this page can be served.
export function Access({ rpc, url }) {
  const { value, error } = useFresh(rpc, () => rpc.call("mux/settings/get"), ["settings"]);
  const [isOpen, setOpen] = useState(false);
  return html`<section class="card" aria-labelledby="access">
    <div class="bar"><h2 id="access">Who may ask</h2>
      <button type="button" disabled=${!value} aria-label="Change who may ask" onClick=${() => setOpen(true)}>Change …</button></div>
    <${Trouble} error=${error} />
    ${value && html`<dl class="access">
      <dt>Port</dt><dd>${new URL(url).port || "80"}, of this machine alone<small>To have another one, set <code>MUX_SIDECAR_PORT</code> or the editor's setting <code>port</code>, and start the sidecar anew.</small></dd>
      <dt>Key</dt><dd>${value.requireKey ? html`The token is wanted, which <code>mux-sidecar token</code> prints.` : "Any, or none: every program on this machine may ask."}</dd>
      <dt>Web pages</dt><dd>${value.origins.length ? value.origins.map((each) => html`<code key=${each}>${each}</code> `) : "No page of another origin may ask."}</dd>
      <dt>Host names</dt><dd>${value.hosts.length ? html`localhost, and ${value.hosts.map((each) => html`<code key=${each}>${each}</code> `)}` : "localhost only"}</dd>
    </dl>`}
    ${isOpen && html`<${AccessDialog} rpc=${rpc} settings=${value} onClose=${() => setOpen(false)} />`}
  </section>`;
}

function AccessDialog({ rpc, settings, onClose }) {
  const [requireKey, setRequireKey] = useState(settings.requireKey);
  const [origins, setOrigins] = useState(settings.origins.join("\n"));
  const [hosts, setHosts] = useState(settings.hosts.join("\n"));
  const act = () => rpc.call("mux/settings/set", { requireKey, origins: lines(origins), hosts: lines(hosts) });
  return html`<${FormDialog} title="Who may ask" yes="Save" act=${act} onClose=${onClose}>${(wrong) => html`
    <label class="check"><input type="checkbox" checked=${requireKey} onChange=${(event) => setRequireKey(event.target.checked)} />Want the token as the client's key</label>
    <${Field} label="Web pages that may ask" hint="One origin a line, such as app://obsidian.md." error=${wrong("origins")}>
      <textarea rows="2" spellcheck=${false} value=${origins} onInput=${(event) => setOrigins(event.target.value)}></textarea><//>
    <${Field} label="Host names besides localhost" hint="One a line, such as host.docker.internal." error=${wrong("hosts")}>
      <textarea rows="2" spellcheck=${false} value=${hosts} onInput=${(event) => setHosts(event.target.value)}></textarea><//>`}
  <//>`;
}
