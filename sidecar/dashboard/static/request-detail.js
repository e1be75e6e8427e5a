// One request: which model answered and why, what it cost, where its time went, and what is kept of what was said.

import { html, useEffect, useRef, useState } from "./view.js";
import { providerAt, workspaceAt } from "./addresses.js";
import { Confirm } from "./dialog.js";
import { count, KINDS, milliseconds, modelOf, money, percent, withoutCommands } from "./format.js";
import { useFresh } from "./fresh.js";
import { Copy, Files, Outcome, Trouble } from "./parts.js";
import { Said } from "./said.js";

const NOT_FOUND = 1001;
const FEW = 12; // files that are shown without asking
const DIALECTS = { chat: "Chat Completions", completions: "Completions", embeddings: "Embeddings", responses: "Responses", messages: "Messages" };

export function RequestDetail({ rpc, id, isRunning, onClose, onRemoved }) {
  const found = useRef(null); // which does not change any more
  const read = async () => (found.current ??= await rpc.call("mux/request/show", { id }));
  const { value, error } = useFresh(rpc, read, ["requests"], [id]);
  const wrong = error?.code === NOT_FOUND ? { message: `There is no request ${id}: it is not written yet, or it was deleted.` } : error;
  const [isRemoving, setRemoving] = useState(false);
  const panel = useRef(null);
  useEffect(() => panel.current.focus({ preventScroll: true }), []);
  return html`<section class="panel card" ref=${panel} tabindex="-1" aria-labelledby="opened" aria-busy=${!value && !error}>
    <div class="bar"><h2 id="opened">${value ? value.title || "Request without a title" : "Request"}</h2>
      <button type="button" class="plain" aria-label="Close the request" onClick=${onClose}>✕</button></div>
    ${isRunning && !value ? html`<p class="quiet" role="status">It is being answered, and is told here when that is done.</p>` : html`<${Trouble} error=${wrong} />`}
    ${value && html`<${Shown} request=${value} />
      <footer><button type="button" class="danger" onClick=${() => setRemoving(true)}>Delete …</button></footer>`}
    ${isRemoving && html`<${Remove} rpc=${rpc} id=${id} onClose=${() => setRemoving(false)} onRemoved=${onRemoved} />`}
  </section>`;
}

function Shown({ request }) {
  return html`<p class="when"><${Outcome} outcome=${request.outcome} /> <span class="quiet">${request.status || "no status"} · ${" "}
      <time datetime=${request.startedAt}>${new Date(request.startedAt).toLocaleString([], { dateStyle: "medium", timeStyle: "medium" })}</time></span></p>
    ${request.error && html`<div class="trouble"><p>${withoutCommands(request.error)}</p><${Way} request=${request} /></div>`}
    <dl class="facts">
      <dt>Model</dt><dd><span class="model">${modelOf(request)}</span>${request.providerType && html`<small>Provider ${request.provider}, of the type ${request.providerType}</small>`}</dd>
      <dt>Chosen by</dt><dd><${Chosen} request=${request} /></dd>
      <dt>Files</dt><dd><${Context} files=${request.files} chosen=${request.file} /></dd>
      <dt>Client</dt><dd>${request.client || "unknown"}<small>${DIALECTS[request.dialect]}, ${KINDS[request.kind]}, ${request.streamed ? "streamed" : "not streamed"}</small></dd>
      <dt>Tokens</dt><dd>${tokens(request)}</dd>
      <dt>Cost</dt><dd>${request.cost === undefined ? "not known" : money(request.cost)}</dd>
      ${request.ignored && html`<dt>Left out</dt><dd>${request.ignored.join(", ")}<small>The provider has no place for it.</small></dd>`}
      <dt>Id</dt><dd><code>${request.id}</code> <${Copy} text=${request.id} what="the id" /></dd>
    </dl>
    <${Timing} request=${request} />
    <${Said} conversation=${request.conversation} title=${request.title} isAsked=${Boolean(request.provider)} />`;
}

// Where to go with an error, whose own sentence says what to do.
function Way({ request }) {
  if (request.provider) return html`<a href=${providerAt(request.provider)}>Look at the provider ${request.provider}</a>`;
  if (request.workspace) return html`<a href=${workspaceAt(request.workspace)}>Look at the rules of ${request.workspace}</a>`;
  return html`<a href="#/workspaces">Look at the workspaces</a>`;
}

function Chosen({ request }) {
  if (!request.position) return html`no rule${request.workspace && html`<small>Workspace ${request.workspace}</small>`}`;
  return html`Rule ${request.position}, <${Files} filter=${request.filter} />${request.file && html`, for <code>${request.file}</code>`}
    <small>Workspace <a href=${workspaceAt(request.workspace)}>${request.workspace}</a>, as it was then</small>`;
}

function Context({ files, chosen }) {
  const line = (file) => html`<li key=${file}><code>${file}</code>${file === chosen && html` <span class="tag">chose the rule</span>`}</li>`;
  if (files.length === 0) return html`<span class="quiet">none in context</span>`;
  return html`<ul class="files">${files.slice(0, FEW).map(line)}</ul>
    ${files.length > FEW && html`<details><summary>${count(files.length - FEW)} more</summary><ul class="files">${files.slice(FEW).map(line)}</ul></details>`}`;
}

function tokens({ inputTokens, outputTokens, cachedTokens }) {
  if (inputTokens === undefined && outputTokens === undefined) return "not counted";
  return `${count(inputTokens)} in${cachedTokens ? `, ${count(cachedTokens)} of them cached` : ""} · ${count(outputTokens)} out`;
}

// Our own time, the wait for the provider's first byte, and what came after it.
function parts({ provider, overheadMs, firstByteMs, totalMs }) {
  if (!provider) return [["ours", "mux-sidecar itself", totalMs]];
  const first = firstByteMs ?? totalMs;
  return [
    ["ours", "mux-sidecar itself", Math.min(overheadMs, totalMs)],
    ["waiting", firstByteMs === undefined ? "provider" : "until the first byte", Math.max(0, first - overheadMs)],
    ["streaming", "until the last byte", Math.max(0, totalMs - first)],
  ].filter(([name, , time]) => name !== "streaming" || time > 0);
}

function Timing({ request }) {
  const all = parts(request);
  const whole = all.reduce((sum, [, , time]) => sum + time, 0);
  return html`<h3>Took ${milliseconds(request.totalMs)}</h3>
    <div class="timing" aria-hidden="true">${all.map(([name, , time]) => html`<span key=${name} class=${name} style=${{ width: `${percent(time, whole)}%` }}></span>`)}</div>
    <ul class="legend">${all.map(([name, label, time]) => html`<li key=${name}><span class=${`dot ${name}`} aria-hidden="true"></span>${milliseconds(time)} ${label}</li>`)}</ul>`;
}

function Remove({ rpc, id, onClose, onRemoved }) {
  const remove = async () => {
    await rpc.call("mux/request/remove", { id });
    onRemoved();
  };
  return html`<${Confirm} title="Delete this request?" yes="Delete" act=${remove} onClose=${onClose}>
    <p>Its record goes, with what is kept of what was said. This cannot be undone.</p>
  <//>`;
}
