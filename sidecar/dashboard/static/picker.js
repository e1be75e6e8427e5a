// The model picker: a field to search in, and the models that fit, by provider (ARIA combobox with a listbox).

import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "./view.js";
import { plural } from "./format.js";
import { place } from "./place.js";

const MOST = 200; // shown at once; typing on finds the others
const NARROWEST = 280; // pixels

const nameOf = ({ provider, name }) => `${provider}/${name}`;

// Those whose name holds every word, whatever its case.
function fitting(models, text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return models.filter((each) => !each.gone && words.every((word) => nameOf(each).toLowerCase().includes(word)));
}

function grouped(models) {
  const groups = new Map();
  models.forEach((each, index) => groups.set(each.provider, [...(groups.get(each.provider) ?? []), { ...each, index }]));
  return [...groups];
}

// `value` is {provider, model} or null; `onChoose` gets the same. `models` is what `mux/model/list` answers.
export function ModelPicker({ models, value, onChoose, label, id, disabled, ...told }) {
  const own = useId();
  const [typed, setTyped] = useState(null); // what is sought; null while nothing is
  const [wanted, setAt] = useState(0);
  const field = useRef(null);
  const chosen = value?.provider ? `${value.provider}/${value.model}` : "";
  const found = typed === null ? [] : fitting(models ?? [], typed);
  const shown = found.slice(0, MOST);
  const isOpen = typed !== null;
  const at = wanted < shown.length ? wanted : 0;

  const open = () => {
    if (isOpen || disabled) return;
    setTyped("");
    setAt(Math.max(0, fitting(models ?? [], "").findIndex((each) => nameOf(each) === chosen)));
  };
  const close = () => setTyped(null);
  // A row that moves loses the focus for a moment.
  const left = () => setTimeout(() => document.activeElement !== field.current && close());
  const choose = (model) => {
    close();
    if (model && nameOf(model) !== chosen) onChoose({ provider: model.provider, model: model.name });
  };
  const keys = {
    ArrowDown: () => (isOpen ? setAt(Math.min(at + 1, shown.length - 1)) : open()),
    ArrowUp: () => (isOpen ? setAt(Math.max(at - 1, 0)) : open()),
    PageDown: () => isOpen && setAt(Math.min(at + 8, shown.length - 1)),
    PageUp: () => isOpen && setAt(Math.max(at - 8, 0)),
    Enter: () => (isOpen ? choose(shown[at]) : open()),
    Escape: () => isOpen && close(),
  };
  const pressed = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in keys)) return;
    if (!isOpen && event.key.startsWith("Page")) return;
    if (!isOpen && event.key === "Escape") return; // a dialog around it closes
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  };
  const wrote = (event) => {
    setTyped(event.target.value);
    setAt(0);
  };

  return html`<span class="picker">
    <input ref=${field} id=${id ?? own} type="text" role="combobox" class="model" aria-label=${label} ...${told}
      aria-autocomplete="list" aria-expanded=${isOpen} aria-controls=${`${own}-list`}
      aria-activedescendant=${isOpen && shown.length ? `${own}-${at}` : undefined}
      autocomplete="off" spellcheck=${false} autocapitalize="off" disabled=${disabled}
      value=${typed ?? chosen} placeholder=${isOpen && chosen ? chosen : "Choose a model"} title=${isOpen ? undefined : chosen}
      onClick=${open} onInput=${wrote} onKeyDown=${pressed} onBlur=${left} />
    ${isOpen && html`<${Models} own=${own} field=${field} shown=${shown} rest=${found.length - shown.length}
      total=${models?.length} at=${at} chosen=${chosen} typed=${typed} onChoose=${choose} />`}
  </span>`;
}

function Models({ own, field, shown, rest, total, at, chosen, typed, onChoose }) {
  const list = useRef(null);
  const put = () => {
    const [listed, told] = list.current.children;
    place(list.current, field.current, { tall: listed.scrollHeight + told.offsetHeight, least: NARROWEST });
  };
  useLayoutEffect(() => {
    const again = (event) => (event.target instanceof Node && list.current.contains(event.target)) || put();
    const targets = [window, visualViewport].filter(Boolean);
    targets.forEach((each) => each.addEventListener("resize", again));
    addEventListener("scroll", again, true);
    return () => {
      targets.forEach((each) => each.removeEventListener("resize", again));
      removeEventListener("scroll", again, true);
    };
  }, []);
  useLayoutEffect(() => {
    if (!list.current.matches(":popover-open")) list.current.showPopover(); // a row that moves takes it out of the top layer
    put();
  });
  useEffect(() => document.getElementById(`${own}-${at}`)?.scrollIntoView({ block: "nearest" }), [at, typed]);
  const stay = (event) => event.preventDefault(); // the focus stays in the field
  return html`<div ref=${list} popover="manual" class="models" onMouseDown=${stay}>
    <div id=${`${own}-list`} role="listbox" aria-label="Models">
      ${grouped(shown).map(([provider, group], number) => html`<div key=${provider} role="group" aria-labelledby=${`${own}-group-${number}`}>
        <div class="provider" id=${`${own}-group-${number}`} role="presentation">${provider}</div>
        ${group.map((each) => html`<div key=${each.name} id=${`${own}-${each.index}`} role="option" class=${each.index === at ? "at" : ""}
          aria-selected=${nameOf(each) === chosen} onClick=${() => onChoose(each)}>${each.name}</div>`)}
      </div>`)}
    </div>
    <p aria-live="polite">${said(shown.length, rest, total)}</p>
  </div>`;
}

function said(count, rest, total) {
  if (total === undefined) return "Reading the models …";
  if (total === 0) return html`There are no models yet. <a href="#/providers">Add a provider</a>`;
  if (count === 0) return "No model is called so.";
  return rest > 0 ? `${plural(rest, "more model")}: type on to find them.` : html`<span class="unseen">${plural(count, "model")}</span>`;
}
