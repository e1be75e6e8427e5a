// One rule as a row of the table: its place, files, kind and model, each changed where it stands.

import { html, useId, useRef, useState } from "./view.js";
import { filterOf, KINDS } from "./format.js";
import { useAction } from "./fresh.js";
import { Choice, Files } from "./parts.js";
import { ModelPicker } from "./picker.js";

export const nameOf = (rule) => `rule ${rule.position}, ${filterOf(rule.filter)}`;

const STEPS = { ArrowUp: -1, ArrowDown: 1 };

// `over` is the rule before it because of which it is never reached. `onChange(params)` and `onMove(by)` are promises of what the sidecar did; `grip` are the handlers of dragging.
export function Rule({ rule, models, over, also, grip, isFirst, isLast, onChange, onMove, onRemove }) {
  const { run, error, clear } = useAction();
  const id = useId();
  const change = (params) => run(() => onChange(params));
  const instead = (model) => {
    document.getElementById(`${id}-model`).focus(); // the button goes
    change(model);
  };
  const pressed = (event) => {
    const by = STEPS[event.key];
    const isGrip = event.target.classList.contains("grip");
    if (!by || !grip || !(event.altKey || isGrip) || event.ctrlKey || event.metaKey || event.target.localName === "select") return; // there it opens the list
    event.preventDefault();
    run(() => onMove(by));
  };
  return html`<tr role="row" data-key=${rule.key} class=${rule.broken ? "broken" : ""} onKeyDown=${pressed}>
    <td role="cell" class="place">${grip && html`<button type="button" class="grip plain" aria-label=${`Move ${nameOf(rule)}`}
        aria-describedby="moving" title="Drag to move" ...${grip}>⠿</button>`}<span>${rule.position}</span></td>
    <td role="cell" class="files">${grip
      ? html`<${Filter} rule=${rule} over=${over} also=${over ? null : also} error=${error?.data?.field === "filter" ? error : null} onType=${clear} onChange=${change} />`
      : html`<span class="rest">Everything else</span>`}</td>
    <td role="cell" class="kind">${grip
      ? html`<${Choice} aria-label=${`Requests of ${nameOf(rule)}`} value=${rule.kind} options=${Object.entries(KINDS)} onChoose=${(kind) => change({ kind })} />`
      : html`<span class="rest">${KINDS[rule.kind]}</span>`}</td>
    <td role="cell" class="serving"><${ModelPicker} id=${`${id}-model`} models=${models} value=${rule} label=${`Model of ${nameOf(rule)}`}
        aria-invalid=${rule.broken ? "true" : undefined} aria-describedby=${rule.broken ? `${id}-broken` : undefined} error=${error?.data?.field === "model" ? error : null} onChoose=${change} />
      ${rule.broken && html`<${Broken} id=${`${id}-broken`} rule=${rule} models=${models} onChoose=${instead} />`}
      ${error && !["filter", "model"].includes(error.data?.field) && html`<small class="wrong" role="alert">${error.message}</small>`}</td>
    <td role="cell" class="acts">
      ${grip && html`<button type="button" class="plain" aria-label=${`Move up ${nameOf(rule)}`} title="Move up (Alt+↑)" aria-disabled=${isFirst} onClick=${() => run(() => onMove(-1))}>↑</button>
        <button type="button" class="plain" aria-label=${`Move down ${nameOf(rule)}`} title="Move down (Alt+↓)" aria-disabled=${isLast} onClick=${() => run(() => onMove(1))}>↓</button>`}
      <button type="button" class="plain" aria-label=${`Remove ${nameOf(rule)}`} title="Remove" onClick=${() => run(onRemove)}>✕</button></td>
  </tr>`;
}

// What is typed is sent at Enter, or when the field is left; Escape takes it back.
function Filter({ rule, over, also, error, onType, onChange }) {
  const [typed, setTyped] = useState(null);
  const field = useRef(null);
  const id = useId();
  const isBlank = typed !== null && !typed.trim();
  const send = async () => {
    if (typed === null || isBlank) return;
    if (typed === rule.filter || (await onChange({ filter: typed }))) setTyped((now) => (now === typed ? null : now));
  };
  // A row that moves loses the focus for a moment, and what is typed is not finished by that.
  const left = () => setTimeout(() => document.activeElement !== field.current && (isBlank ? setTyped(null) : send()));
  const wrote = (event) => {
    if (error) onType();
    setTyped(event.target.value);
  };
  const pressed = (event) => {
    if (event.key === "Enter") send();
    if (event.key === "Escape") setTyped(null);
  };
  const wrong = typed === null ? null : isBlank ? "A filter cannot be empty; what no rule takes goes to the last one." : error?.message;
  const told = [wrong && `${id}-wrong`, typed === null && (over || also?.length) && `${id}-told`].filter(Boolean).join(" ");
  return html`<input ref=${field} type="text" class="filter" aria-label=${`Files of rule ${rule.position}`} value=${typed ?? rule.filter}
      aria-invalid=${wrong ? "true" : undefined} aria-describedby=${told || undefined} autocomplete="off" autocapitalize="off" spellcheck=${false}
      onInput=${wrote} onKeyDown=${pressed} onBlur=${left} />
    ${wrong && html`<small id=${`${id}-wrong`} class="wrong" role="alert">${wrong}</small>`}
    ${typed !== null && typed !== rule.filter && !wrong && html`<small>Enter to keep, Esc for <span class="filter">${rule.filter}</span></small>`}
    ${typed === null && also?.length > 0 && html`<small id=${`${id}-told`}>also takes ${also.map((name, index) => html`${index > 0 && ", "}<span class="filter">${name}</span>`)}</small>`}
    ${typed === null && over && html`<small id=${`${id}-told`} class="never">Never reached: rule ${over.position}, <${Files} filter=${over.filter} />, takes all that it takes. Move it up, or remove it.</small>`}`;
}

function Broken({ id, rule, models, onChoose }) {
  const use = (event) => {
    event.currentTarget.closest("td").querySelector("input").focus(); // the button goes when the rule is mended
    const at = rule.replacement.indexOf("/"); // no provider's name holds one
    onChoose({ provider: rule.replacement.slice(0, at), model: rule.replacement.slice(at + 1) });
  };
  return html`<small id=${id} class="wrong">${rule.broken}</small>
    ${rule.replacement && html`<button type="button" class="instead" onClick=${use}>Use <span class="model">${rule.replacement}</span> instead</button>`}
    ${models?.length === 0 && html`<a href="#/providers">Add a provider</a>`}`;
}
