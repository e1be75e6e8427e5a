// Try it: which rule takes a prompt or some files, and why. The sidecar is asked while one types.

import { html, useEffect, useState } from "./view.js";
import { KINDS, lines, LONGEST, modelOf } from "./format.js";
import { Choice, Empty, Field, Files, Trouble } from "./parts.js";

const PAUSE = 200; // milliseconds after the last key
const KINDS_ASKED = [["", "as the prompt says"], ...["chat", "fim", "embed"].map((kind) => [kind, KINDS[kind]])];
const OFTEN = ["rules", "workspaces", "providers", "models"];

export function TryIt({ rpc, workspace }) {
  const [asked, setAsked] = useState({ prompt: "", files: "", kind: "" });
  const { told, error } = useExplanation(rpc, workspace, asked);
  const set = (name) => (event) => setAsked({ ...asked, [name]: event.target.value });
  return html`<section class="card tryit" aria-labelledby="tryit">
    <h2 id="tryit">Try it</h2>
    <div class="columns">
      <${Field} label="Prompt" hint="As a client would send it, or as you would say it."><textarea rows="4" maxlength=${LONGEST} placeholder="Why does src/cart.ts not compile?" value=${asked.prompt} onInput=${set("prompt")}></textarea><//>
      <div><${Field} label="Files, one on a line" hint="They need not exist."><textarea rows="2" maxlength=${LONGEST} class="filter" spellcheck=${false} value=${asked.files} onInput=${set("files")}></textarea><//>
        <${Field} label="Kind of request"><${Choice} value=${asked.kind} options=${KINDS_ASKED} onChoose=${(kind) => setAsked({ ...asked, kind })} /><//></div>
    </div>
    <${Trouble} error=${error} />
    <div aria-live="polite">${told ? html`<${Told} told=${told} />` : html`<${Empty}>Paste a prompt or name files, and see which rule takes them.<//>`}</div>
  </section>`;
}

function useExplanation(rpc, workspace, { prompt, files, kind }) {
  const [state, setState] = useState({ told: null, error: null });
  const names = lines(files);
  const isAsked = prompt.trim() !== "" || names.length > 0;
  useEffect(() => {
    if (!isAsked) {
      setState({ told: null, error: null });
      return undefined;
    }
    let isGone = false;
    const params = { workspace, files: names, ...(prompt.trim() && { prompt }), ...(kind && { kind }) };
    const ask = () => rpc.call("mux/route/explain", params).then(
      (told) => isGone || setState({ told, error: null }),
      (error) => isGone || setState((before) => ({ ...before, error })),
    );
    const changed = (event) => OFTEN.includes(event.detail.what) && ask();
    const timer = setTimeout(ask, PAUSE);
    rpc.addEventListener("mux/didChange", changed);
    rpc.addEventListener("open", ask);
    return () => {
      isGone = true;
      clearTimeout(timer);
      rpc.removeEventListener("mux/didChange", changed);
      rpc.removeEventListener("open", ask);
    };
  }, [workspace, prompt, files, kind]);
  return state;
}

function Told({ told }) {
  const { route, files = [] } = told;
  return html`<p class=${`verdict ${route ? "" : "refused"}`}>${route
      ? html`<span>Rule ${route.position}, <${Files} filter=${route.filter} />, takes it:</span> <strong class="model">${modelOf(route)}</strong>`
      : "No rule takes it: the request would be refused."}</p>
    ${told.broken && html`<p class="verdict refused">It cannot serve: ${told.broken}</p>`}
    <p class="found">${files.length ? html`Files in it: ${files.map((name) => html`<span key=${name} class="tag filter">${name}</span> `)}` : "No file is named in it."}</p>
    <table role="table" class="considered" aria-label="Every rule, and why"><thead role="rowgroup"><tr role="row">
      <th role="columnheader" scope="col" class="number">Rule</th><th role="columnheader" scope="col">Files</th><th role="columnheader" scope="col">Takes it</th><th role="columnheader" scope="col">Why</th></tr></thead>
      <tbody role="rowgroup">${told.considered.map((each) => html`<tr role="row" key=${each.position} class=${each.matched ? "taken" : ""}>
        <td role="cell" class="number">${each.position}</td>
        <td role="cell"><${Files} filter=${each.filter} />${each.kind !== "any" && html` <small>${KINDS[each.kind]}</small>`}</td>
        <td role="cell">${each.matched ? "yes" : "no"}</td>
        <td role="cell">${marked(each.why)}${each.alsoTakes?.length > 0 && html`<small>it also takes ${each.alsoTakes.map((name, index) => html`${index > 0 && ", "}<span class="filter">${name}</span>`)}</small>`}</td>
      </tr>`)}</tbody></table>`;
}

// What stands between backticks is code.
const marked = (text) => text.split("`").map((part, index) => (index % 2 ? html`<code>${part}</code>` : part));
