// The rules of a workspace as a table: moved by dragging and by keys, changed in place, the catch-alls last.

import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "./view.js";
import { filterOf, KINDS, modelOf } from "./format.js";
import { useAction, useFresh } from "./fresh.js";
import { Choice, Field, Trouble } from "./parts.js";
import { FormDialog } from "./dialog.js";
import { useDragging } from "./dragging.js";
import { ModelPicker } from "./picker.js";
import { nameOf, Rule } from "./rule.js";

// `book` is what `useRulebook` gives.
export function Rules({ rpc, book }) {
  const { rules, surprises, error, change } = book;
  const { value: models } = useFresh(rpc, () => rpc.call("mux/model/list"), ["models", "providers"]);
  const [said, setSaid] = useState("");
  const [removed, setRemoved] = useState(null);
  const table = useRef(null);
  const wanted = useRef(null); // the rule that takes the focus when it is there
  const body = useRef(null);
  const filtered = rules.filter((rule) => rule.filter);
  const rest = rules.filter((rule) => !rule.filter);

  // `where` says from its place at that time, which keys that are pressed quickly change again and again.
  const move = async (rule, where) => {
    let from, to;
    const found = ({ position }) => {
      [from, to] = [position, Math.min(Math.max(where(position), 1), filtered.length)];
      return { to };
    };
    await change("move", found, rule.key);
    setSaid(`${filterOf(rule.filter)} is ${from === to ? `the ${to === 1 ? "first" : "last"} already` : `rule ${to} of ${rules.length} now`}.`);
  };
  const remove = async (rule) => {
    await change("remove", {}, rule.key);
    setRemoved(rule);
  };
  const dropped = useAction();
  const { grip, cancel } = useDragging(() => [...body.current.rows], (from, to) => dropped.run(() => move(filtered[from], () => to + 1)));
  useEffect(cancel, [filtered.map((rule) => rule.key).join()]);

  useLayoutEffect(() => {
    const found = wanted.current && rules.find((rule) => rule.filter === wanted.current.filter && rule.kind === wanted.current.kind);
    if (!found) return;
    wanted.current = null;
    table.current.querySelector(`[data-key="${found.key}"] input`).focus();
  });
  const restored = () => {
    wanted.current = removed;
    setRemoved(null);
  };

  const row = (rule, index) => html`<${Rule} key=${rule.key} rule=${rule} models=${models} over=${rules[rule.takenBy - 1]} also=${surprises.get(rule.filter)}
    grip=${rule.filter ? grip(index) : null} isFirst=${index === 0} isLast=${index === filtered.length - 1}
    onChange=${(params) => change("update", params, rule.key)} onMove=${(by) => move(rule, (position) => position + by)} onRemove=${() => remove(rule)} />`;
  const columns = ["Place", "Files", "Requests", "Model", "Actions"];
  return html`<section class="card rules" aria-labelledby="rules">
    <h2 id="rules">Rules</h2>
    <p class="quiet">From top to bottom, the first rule that matches a file of the request takes it.</p>
    <${Trouble} error=${error ?? dropped.error} />
    <p class="unseen" aria-live="polite">${said}</p>
    <p class="unseen" id="moving">Arrow keys move the rule; so does Alt with an arrow key in its row.</p>
    <table role="table" ref=${table} aria-label="Rules"><thead role="rowgroup"><tr role="row">
        ${columns.map((name) => html`<th key=${name} role="columnheader" scope="col"><span class=${name === "Place" || name === "Actions" ? "unseen" : ""}>${name}</span></th>`)}
      </tr></thead>
      <tbody role="rowgroup" ref=${body}>${filtered.map(row)}</tbody>
      <${NewRule} models=${models} isFirst=${rules.length === 0} onAdd=${(rule) => change("add", rule)} onSaid=${setSaid} />
      <tbody role="rowgroup" class="last">${rest.map(row)}
        ${!rest.some((rule) => rule.kind === "any") && html`<${Missing} models=${models} onAdd=${(rule) => change("add", rule)} />`}</tbody>
    </table>
    <div class="after"><${OfOneKind} models=${models} rest=${rest} onAdd=${(rule) => change("add", rule)} />
      ${removed && html`<${Undo} key=${removed.key} rule=${removed} onUndo=${(rule) => change("add", rule)} onDone=${restored} />`}</div>
  </section>`;
}

const EMPTY = { filter: "", kind: "any", model: null };

function NewRule({ models, isFirst, onAdd, onSaid }) {
  const form = useId();
  const field = useRef(null);
  const [rule, setRule] = useState(EMPTY);
  const { run, error, clear } = useAction();
  const ofModel = error?.data?.field === "model" ? error : null;
  const wrong = ofModel ? null : error;
  const set = (changes) => {
    clear();
    setRule((before) => ({ ...before, ...changes }));
  };
  const submit = async (event) => {
    event.preventDefault();
    if (!(await run(() => onAdd({ filter: rule.filter, kind: rule.kind, ...rule.model })))) return;
    onSaid(`A rule for ${rule.filter} is added: ${modelOf(rule.model)}.`);
    setRule((now) => Object.fromEntries(Object.keys(EMPTY).map((field) => [field, (now[field] === rule[field] ? EMPTY : now)[field]])));
    field.current.focus();
  };
  return html`<tbody role="rowgroup" class="new"><tr role="row">
    <td role="cell" class="place"><form id=${form} onSubmit=${submit}></form><span aria-hidden="true">+</span></td>
    <td role="cell" class="files"><input ref=${field} form=${form} required type="text" class="filter" aria-label="Files of a new rule" placeholder=".ts or src/api/ or *.test.ts"
      value=${rule.filter} autocomplete="off" autocapitalize="off" spellcheck=${false} aria-invalid=${wrong ? "true" : undefined} onInput=${(event) => set({ filter: event.target.value })} />
      ${wrong && html`<small class="wrong" role="alert">${wrong.message}</small>`}
      ${isFirst && html`<small>Name an ending, a folder or a pattern, and the model for it.</small>`}</td>
    <td role="cell" class="kind"><${Choice} form=${form} aria-label="Requests of a new rule" value=${rule.kind} options=${Object.entries(KINDS)} onChoose=${(kind) => set({ kind })} /></td>
    <td role="cell" class="serving"><${ModelPicker} form=${form} required models=${models} value=${rule.model} label="Model of a new rule" error=${ofModel} onType=${(model) => set({ model })} /></td>
    <td role="cell" class="acts"><button type="submit" form=${form}>Add rule</button></td>
  </tr></tbody>`;
}

// The catch-all that is not there yet.
function Missing({ models, onAdd }) {
  const { run, error } = useAction();
  const ofModel = error?.data?.field === "model";
  return html`<tr role="row">
    <td role="cell" class="place"></td>
    <td role="cell" class="files"><span class="rest">Everything else</span></td>
    <td role="cell" class="kind"><span class="rest">${KINDS.any}</span></td>
    <td role="cell" class="serving"><${ModelPicker} models=${models} value=${null} label="Model for everything else" error=${ofModel ? error : null}
      onChoose=${(model) => run(() => onAdd({ filter: "", ...model }))} />
      <small>Without one, a request that no rule takes is refused.</small>
      ${error && !ofModel && html`<small class="wrong" role="alert">${error.message}</small>`}</td>
    <td role="cell" class="acts"></td>
  </tr>`;
}

// Catch-alls of one kind, which few need.
function OfOneKind({ models, rest, onAdd }) {
  const [rule, setRule] = useState(null);
  const left = ["fim", "embed", "chat"].filter((kind) => !rest.some((each) => each.kind === kind));
  return html`${left.length > 0 && html`<button type="button" onClick=${() => setRule({ kind: left[0], model: null })}>Another model for one kind of request …</button>`}
    ${rule && html`<${FormDialog} title="Everything else of one kind" yes="Add" act=${() => onAdd({ filter: "", kind: rule.kind, ...rule.model })} onClose=${() => setRule(null)}>${(wrong, clear) => html`
      <p class="quiet">Completion while typing wants a small, fast model. Embeddings are served by rules of their own kind only.</p>
      <${Field} label="Requests"><${Choice} value=${rule.kind} options=${left.map((kind) => [kind, KINDS[kind]])} onChoose=${(kind) => setRule({ ...rule, kind })} /><//>
      <${Field} label="Model"><${ModelPicker} required models=${models} value=${rule.model} error=${wrong("model") && { message: wrong("model") }}
        onType=${(model) => {
          clear();
          setRule({ ...rule, model });
        }} /><//>`}
    <//>`}`;
}

function Undo({ rule, onUndo, onDone }) {
  const button = useRef(null);
  const { run, error } = useAction();
  useEffect(() => button.current.focus(), []);
  const undo = async () => {
    const { filter, kind, provider, model, position } = rule;
    const where = filter ? { position } : {};
    if (await run(() => onUndo({ filter, kind, provider, model, ...where }))) onDone();
  };
  return html`<p class="undo" role="group" aria-label="Removed">Removed ${nameOf(rule)} → <span class="model">${modelOf(rule)}</span>
    ${" "}<button ref=${button} type="button" onClick=${undo}>Undo</button>
    ${error && html`<small class="wrong" role="alert">${error.message}</small>`}</p>`;
}
