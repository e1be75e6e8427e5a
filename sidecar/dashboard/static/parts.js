// What the pages share: sentences about trouble, empty places, copying, fields.

import { cloneElement, html, useId, useState } from "./view.js";
import { filterOf, modelOf, OUTCOMES, withoutCommands } from "./format.js";

export function Trouble({ error }) {
  return html`<p class="trouble" role="alert" hidden=${!error}>${withoutCommands(error?.message)}</p>`;
}

export function Empty({ children }) {
  return html`<p class="empty">${children}</p>`;
}

// The files that a rule is for.
export function Files({ filter }) {
  return html`<span class=${filter ? "filter" : ""}>${filterOf(filter)}</span>`;
}

// A model in a place that may be too narrow: what is cut off is the provider first.
export function Model({ of }) {
  if (!of.provider) return modelOf(of);
  return html`<span class="by">${of.provider}</span><span>/${of.model}</span>`;
}

export function Outcome({ outcome }) {
  return html`<span class=${`outcome ${outcome}`}>${OUTCOMES[outcome] ?? outcome}</span>`;
}

export function Copy({ text, what }) {
  const [said, setSaid] = useState("Copy");
  const copy = async () => {
    const copied = await navigator.clipboard?.writeText(text).then(() => true, () => false); // there is none but on localhost
    setSaid(copied ? "Copied" : "Select and copy by hand");
    setTimeout(() => setSaid("Copy"), 2000);
  };
  return html`<button type="button" class="copy" aria-label=${`${said} ${what}`} onClick=${copy}>${said}</button>`;
}

// A list to choose from. What was chosen shows until `onChoose`, a promise, is done, and what is true from then on.
// `options` are pairs of value and label.
export function Choice({ value, options, onChoose, ...rest }) {
  const [chosen, setChosen] = useState(null);
  const shown = chosen ?? value;
  const choose = async (event) => {
    const mine = event.target.value;
    setChosen(mine);
    await onChoose(mine);
    setChosen((now) => (now === mine ? null : now)); // another one may have been chosen meanwhile
  };
  return html`<select ...${rest} value=${shown} onChange=${choose}>
    ${options.map(([each, label]) => html`<option key=${each} value=${each} selected=${each === shown}>${label}</option>`)}</select>`;
}

// One control with its label; the hint and what is wrong with it are told with it.
export function Field({ label, hint, error, children }) {
  const id = useId();
  const told = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(" ");
  const control = cloneElement([children].flat().find(Boolean), { id, "aria-describedby": told || undefined, "aria-invalid": error ? "true" : undefined });
  return html`<div class="field"><label for=${id}>${label}</label>${control}
    ${hint && html`<small id=${`${id}-hint`}>${hint}</small>`}
    ${error && html`<small id=${`${id}-error`} class="wrong" role="alert">${error}</small>`}</div>`;
}
