// The model picker: a field to search in, and the models that fit, by provider (ARIA combobox with a listbox).

import { html, useEffect, useId, useLayoutEffect, useRef, useState } from "./view.js";
import { plural, withoutCommands } from "./format.js";
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

const textOf = (value) => (value?.provider ? `${value.provider}/${value.model}` : (value?.model ?? ""));

// What a text names, {provider, model}: the provider is empty where the text names none, as no provider's name holds "/".
function namedBy(text) {
  const whole = text.trim();
  const at = whole.indexOf("/");
  if (at < 1 || at === whole.length - 1) return whole ? { provider: "", model: whole } : null;
  return { provider: whole.slice(0, at), model: whole.slice(at + 1) };
}

const listed = (models, wanted) => models?.find((each) =>
  !each.gone && each.name === wanted?.model && each.provider.toLowerCase() === wanted.provider.toLowerCase());

// `models` is what `mux/model/list` answers, `value` {provider, model} or null. Either `onChoose` gets the same, also where
// there is no such model, and is a promise of whether it was taken: until then what was typed stays. Or, in a form,
// `onType` gets it at every key. `error` is what the sidecar says of it.
export function ModelPicker({ models, value, onChoose, onType, error, label, id, disabled, ...told }) {
  const own = useId();
  const [typed, setTyped] = useState(null); // what is sought or was not taken; null while `value` shows
  const [isOpen, setOpen] = useState(false);
  const [isSending, setSending] = useState(false);
  const [wanted, setAt] = useState(null); // by the arrows
  const before = useRef(null);
  const field = useRef(null);
  const chosen = textOf(value);
  const found = isOpen ? fitting(models ?? [], typed ?? "") : [];
  const shown = found.slice(0, MOST);
  const exact = isOpen ? listed(models, namedBy(typed ?? "")) : null;
  const at = wanted !== null && wanted < shown.length ? wanted : Math.max(0, shown.indexOf(exact));
  useEffect(() => isOpen || setTyped(null), [chosen]);

  const open = () => {
    if (isOpen || disabled) return;
    before.current = value;
    const text = typed ?? (onType && value && !listed(models, value) ? chosen : "");
    setTyped(text);
    setAt(text ? null : Math.max(0, fitting(models ?? [], "").findIndex((each) => nameOf(each) === chosen)));
    setOpen(true);
  };
  const back = () => {
    if (isOpen) onType?.(before.current);
    setTyped(null);
    setOpen(false);
  };
  const take = async (model) => {
    setOpen(false);
    const text = textOf(model);
    if (onType || !model || text === chosen) {
      if (model) onType?.(model);
      setTyped(null);
      return;
    }
    setTyped(text);
    setSending(true);
    const isTaken = await onChoose(model);
    setSending(false);
    if (isTaken) setTyped((now) => (now === text ? null : now));
  };
  const settle = () => isOpen && take(namedBy(typed));
  // A row that moves loses the focus for a moment.
  const left = (event) => (event.relatedTarget ? settle() : setTimeout(() => document.activeElement !== field.current && settle()));
  const choose = ({ provider, name }) => take({ provider, model: name });
  const enter = () => {
    const model = wanted === null && exact ? exact : shown[at];
    if (!isOpen && typed !== null) take(namedBy(typed));
    else if (!isOpen) open();
    else if (model) choose(model);
    else settle();
  };
  const keys = {
    ArrowDown: () => (isOpen ? setAt(Math.min(at + 1, shown.length - 1)) : open()),
    ArrowUp: () => (isOpen ? setAt(Math.max(at - 1, 0)) : open()),
    PageDown: () => isOpen && setAt(Math.min(at + 8, shown.length - 1)),
    PageUp: () => isOpen && setAt(Math.max(at - 8, 0)),
    Enter: enter,
    Escape: back,
  };
  const pressed = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in keys)) return;
    if (!isOpen && event.key.startsWith("Page")) return;
    if (!isOpen && typed === null && event.key === "Escape") return; // a dialog around it closes
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  };
  const wrote = (event) => {
    if (!isOpen) before.current = value;
    setOpen(true);
    setTyped(event.target.value);
    setAt(null);
    onType?.(namedBy(event.target.value));
  };
  const unknown = onType && value && models && !listed(models, value) && `There is no model ${chosen}.`;
  const wrong = !isOpen && (onType || typed !== null) && (withoutCommands(error?.message) || unknown);
  const describedBy = [told["aria-describedby"], wrong && `${own}-wrong`].filter(Boolean).join(" ");

  return html`<span class="picker">
    <input ref=${field} id=${id ?? own} type="text" role="combobox" class="model" aria-label=${label} ...${told}
      aria-invalid=${wrong ? "true" : told["aria-invalid"]} aria-describedby=${describedBy || undefined}
      aria-autocomplete="list" aria-expanded=${isOpen} aria-controls=${`${own}-list`}
      aria-activedescendant=${isOpen && shown.length ? `${own}-${at}` : undefined}
      autocomplete="off" spellcheck=${false} autocapitalize="off" disabled=${disabled}
      value=${typed ?? chosen} placeholder=${isOpen && chosen ? chosen : "Choose a model"} title=${typed === null ? chosen : undefined}
      onClick=${open} onInput=${wrote} onKeyDown=${pressed} onBlur=${left} />
    ${wrong && html`<small id=${`${own}-wrong`} class="wrong" role="alert">${wrong}</small>`}
    ${!isOpen && typed !== null && !wrong && !isSending && html`<small>Enter to keep, Esc for <span class="model">${chosen || "none"}</span></small>`}
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
