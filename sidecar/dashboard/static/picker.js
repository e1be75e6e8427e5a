// The model picker: a field to search in, and the models that fit, by provider (ARIA combobox with a listbox).

import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "./view.js";
import { plural } from "./format.js";

const MOST = 200; // shown at once; typing on finds the others
const ROOM = 320; // pixels of height that the list takes at most

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

// Below the field if there is room, else above; over everything, dialogs too.
function place(list, field) {
  const box = field.getBoundingClientRect();
  const height = visualViewport?.height ?? innerHeight;
  const [below, above] = [height - box.bottom - 12, box.top - 12];
  const isBelow = below >= Math.min(ROOM, list.offsetHeight) || below >= above;
  const width = Math.min(Math.max(box.width, 280), innerWidth - 16);
  list.style.width = `${width}px`;
  list.style.left = `${Math.max(8, Math.min(box.left, innerWidth - width - 8))}px`;
  list.style.maxHeight = `${Math.max(96, Math.min(ROOM, isBelow ? below : above))}px`;
  list.style.top = isBelow ? `${box.bottom + 4}px` : "auto";
  list.style.bottom = isBelow ? "auto" : `${innerHeight - box.top + 4}px`;
}

// `value` is {provider, model} or null; `onChoose` gets the same. `models` is what `mux/model/list` answers.
export function ModelPicker({ models, value, onChoose, label, id, disabled, ...told }) {
  const own = useId();
  const [typed, setTyped] = useState(null); // what is sought; null while nothing is
  const [at, setAt] = useState(0);
  const field = useRef(null);
  const chosen = value?.provider ? `${value.provider}/${value.model}` : "";
  const found = typed === null ? [] : fitting(models ?? [], typed);
  const shown = found.slice(0, MOST);
  const isOpen = typed !== null;

  const open = () => {
    if (isOpen || disabled) return;
    setTyped("");
    setAt(Math.max(0, fitting(models ?? [], "").findIndex((each) => nameOf(each) === chosen)));
  };
  const close = () => setTyped(null);
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
      onClick=${open} onInput=${wrote} onKeyDown=${pressed} onBlur=${close} />
    ${isOpen && html`<${Models} own=${own} field=${field} shown=${shown} left=${found.length - shown.length}
      total=${models?.length} at=${at} chosen=${chosen} typed=${typed} onChoose=${choose} />`}
  </span>`;
}

function Models({ own, field, shown, left, total, at, chosen, typed, onChoose }) {
  const list = useRef(null);
  useLayoutEffect(() => {
    const element = list.current;
    element.showPopover?.();
    const again = () => place(element, field.current);
    const targets = [window, visualViewport].filter(Boolean);
    again();
    targets.forEach((each) => each.addEventListener("resize", again));
    addEventListener("scroll", again, true);
    return () => {
      targets.forEach((each) => each.removeEventListener("resize", again));
      removeEventListener("scroll", again, true);
    };
  }, []);
  useLayoutEffect(() => place(list.current, field.current), [shown.length]);
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
    <p role="status">${said(shown.length, left, total)}</p>
  </div>`;
}

function said(count, left, total) {
  if (total === undefined) return "Reading the models …";
  if (total === 0) return html`There are no models yet. <a href="#/providers">Add a provider</a>`;
  if (count === 0) return "No model is called so.";
  return left > 0 ? `${plural(left, "more model")}: type on to find them.` : html`<span class="unseen">${plural(count, "model")}</span>`;
}
