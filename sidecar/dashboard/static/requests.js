// Requests: newest first and live, with what to look for; one of them opens beside the list.

import { html, useEffect, useRef, useState } from "./view.js";
import { Confirm } from "./dialog.js";
import { OUTCOMES } from "./format.js";
import { useFresh } from "./fresh.js";
import { Kept } from "./kept.js";
import { Choice, Empty, Trouble } from "./parts.js";
import { RequestDetail } from "./request-detail.js";
import { RequestList } from "./request-list.js";
import { useRequests } from "./request-pages.js";
import { Running, useRunning } from "./running.js";

const PAUSE = 200; // milliseconds without a key before a text is sought
const NOTHING = { workspace: "", provider: "", outcome: "", text: "" };
let remembered = NOTHING; // what this tab looked for last, so that it is still there after a look at another page

const isSought = (filter) => Object.values(filter).some(Boolean);
const close = () => (location.hash = "#/requests");

export function Requests({ rpc, status, detail }) {
  const [filter, setFilter] = useState(remembered);
  const look = (change) => setFilter((before) => (remembered = { ...before, ...change }));
  const list = useRequests(rpc, filter);
  const running = useRunning(rpc, status.busy);
  const [isRemoving, setRemoving] = useState(false);
  const escaped = (event) => {
    if (event.key === "Escape" && detail && !event.defaultPrevented && !event.target.closest("dialog, input, select")) close();
  };
  useEffect(() => {
    addEventListener("keydown", escaped);
    return () => removeEventListener("keydown", escaped);
  }, [detail]);
  const isNone = list.rows?.length === 0;
  return html`<div class="bar"><h1>Requests</h1>
      <${Kept} rpc=${rpc} />
      <button type="button" class="danger" disabled=${isNone && !isSought(filter)} onClick=${() => setRemoving(true)}>Delete all …</button>
    </div>
    <${Filters} rpc=${rpc} filter=${filter} look=${look} />
    <${Running} running=${running} />
    <${Trouble} error=${list.error} />
    <div class=${`split ${detail ? "opened" : ""}`}>
      ${isNone ? html`<${None} filter=${filter} look=${look} />` : html`<${RequestList} key=${list.key} list=${list} opened=${detail} />`}
      ${detail && html`<${RequestDetail} key=${detail} rpc=${rpc} id=${detail} isRunning=${running.some(({ id }) => id === detail)} onClose=${close} onRemoved=${() => { list.forget(detail); close(); }} />`}
    </div>
    ${isRemoving && html`<${RemoveAll} rpc=${rpc} onClose=${() => setRemoving(false)} onRemoved=${() => { list.newest(); close(); }} />`}`;
}

function None({ filter, look }) {
  if (!isSought(filter)) {
    return html`<${Empty}>No requests yet. <a href="#/connect">Connect a client</a>, and they show here as they happen.<//>`;
  }
  return html`<div class="empty">No request is like that. <button type="button" onClick=${() => look(NOTHING)}>Show all</button></div>`;
}

function Filters({ rpc, filter, look }) {
  const workspaces = useFresh(rpc, () => rpc.call("mux/workspace/list"), ["workspaces"]).value;
  const providers = useFresh(rpc, () => rpc.call("mux/provider/list"), ["providers"]).value;
  return html`<form class="filters" role="search" aria-label="Requests" onSubmit=${(event) => event.preventDefault()}>
    <${Sought} text=${filter.text} onText=${(text) => look({ text })} />
    <${Choice} aria-label="Workspace" value=${filter.workspace} options=${named("All workspaces", workspaces, filter.workspace)} onChoose=${(workspace) => look({ workspace })} />
    <${Choice} aria-label="Provider" value=${filter.provider} options=${named("All providers", providers, filter.provider)} onChoose=${(provider) => look({ provider })} />
    <${Choice} aria-label="Outcome" value=${filter.outcome} options=${[["", "All outcomes"], ...Object.entries(OUTCOMES)]} onChoose=${(outcome) => look({ outcome })} />
    <button type="button" disabled=${!isSought(filter)} onClick=${() => look(NOTHING)}>Show all</button>
  </form>`;
}

// The names to choose from, and the chosen one, which may be gone meanwhile.
function named(all, list, chosen) {
  const names = new Set((list ?? []).map(({ name }) => name));
  if (chosen) names.add(chosen);
  return [["", all], ...[...names].map((name) => [name, name])];
}

function Sought({ text, onText }) {
  const [typed, setTyped] = useState(text);
  const timer = useRef(null);
  useEffect(() => {
    clearTimeout(timer.current);
    setTyped((now) => (now.trim() === text ? now : text));
  }, [text]);
  const type = (event) => {
    const next = event.target.value;
    setTyped(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onText(next.trim()), PAUSE);
  };
  return html`<input type="search" aria-label="Text" placeholder="Title, file, model, error …" autocomplete="off" value=${typed} onInput=${type} />`;
}

function RemoveAll({ rpc, onClose, onRemoved }) {
  const remove = async () => {
    await rpc.call("mux/request/remove");
    onRemoved();
  };
  return html`<${Confirm} title="Delete all requests?" yes="Delete all" act=${remove} onClose=${onClose}>
    <p>Every record goes, whatever is shown at the moment: titles, files, tokens, costs, and the conversations that were kept. This cannot be undone.</p>
  <//>`;
}
