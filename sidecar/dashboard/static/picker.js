// The model picker: a field to search in, and the models that fit, by provider. It is the combobox of the ARIA Authoring
// Practices whose list completes what is typed and whose options are chosen by hand: Enter takes the one that was moved to,
// or that alone can be meant.

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

// The only model that a text can mean: the one that it names in full, with or without the provider, or the only one that fits.
function meantBy(text, fits) {
  const namesakes = fits.filter(({ name }) => name === text.trim());
  const [only] = [namesakes, fits].find((each) => each.length === 1) ?? [];
  return text.trim() ? (listed(fits, namedBy(text)) ?? only) : undefined;
}

// `models` is what `mux/model/list` answers, `value` {provider, model} or null. Either `onChoose` gets the same, also where
// there is no such model, and is a promise of whether it was taken: until then what was typed stays. Or, in a form,
// `onType` gets it at every key. `error` is what the sidecar says of it.
export function ModelPicker({ models, value, onChoose, onType, error, label, id, disabled, ...told }) {
  const own = useId();
  const [typed, setTyped] = useState(null); // what is sought or was not taken; null while `value` shows
  const [isOpen, setOpen] = useState(false);
  const [isSending, setSending] = useState(false);
  const [moved, setMoved] = useState(null); // the name of the one that the arrows, or opening, led to
  const [isUnclear, setUnclear] = useState(false); // which one Enter was to take
  const before = useRef(null);
  const arrow = useRef(0); // the one that opened the list, -1 or 1, until something is typed
  const field = useRef(null);
  const chosen = textOf(value);
  const found = isOpen ? fitting(models ?? [], typed ?? "") : [];
  const shown = found.slice(0, MOST);
  const meant = meantBy(typed ?? "", found);
  const at = shown.findIndex((each) => (moved === null ? each === meant : nameOf(each) === moved));
  useLayoutEffect(() => isOpen || setTyped(null), [chosen]); // before the next key, which an effect after the paint would lose

  const moveTo = (model) => {
    setMoved(model ? nameOf(model) : null);
    setUnclear(false);
  };
  // Opening leads to what is chosen, or else an arrow to its end of the list.
  const land = (text) => {
    const fits = fitting(models ?? [], text).slice(0, MOST);
    const end = arrow.current && fits.at(arrow.current < 0 ? -1 : 0);
    moveTo((text ? null : fits.find((each) => nameOf(each) === chosen)) ?? end);
  };
  const open = (by = 0) => {
    if (isOpen || disabled) return;
    before.current = value;
    arrow.current = by;
    const text = typed ?? (onType && value && !listed(models, value) ? chosen : "");
    setTyped(text);
    land(text);
    setOpen(true);
  };
  useLayoutEffect(() => void (isOpen && moved === null && land(typed)), [!models]); // which may come after it was opened
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
    if (!isOpen && typed !== null) take(namedBy(typed));
    else if (!isOpen) open();
    else if (shown[at] ?? meant) choose(shown[at] ?? meant);
    else if (typed.trim() && shown.length) setUnclear(true);
    else settle();
  };
  const step = (by) => () => {
    const from = at < 0 && by < 0 ? shown.length : at;
    if (isOpen) moveTo(shown[Math.max(0, Math.min(from + by, shown.length - 1))]);
    else open(by);
  };
  const keys = {
    ArrowDown: step(1),
    ArrowUp: step(-1),
    PageDown: step(8),
    PageUp: step(-8),
    Enter: enter,
    Escape: back,
  };
  const pressed = (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || !(event.key in keys)) return;
    if (!isOpen && event.key.startsWith("Page")) return;
    if (!isOpen && typed === null && event.key === "Escape") return; // a dialog around it closes
    if (!isOpen && typed === null && event.key === "Enter" && onType && chosen) return; // the form is sent
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  };
  const wrote = (event) => {
    if (!isOpen) before.current = value;
    setOpen(true);
    setTyped(event.target.value);
    arrow.current = 0;
    moveTo(null);
    onType?.(namedBy(event.target.value));
  };
  const unknown = onType && value && models && !listed(models, value) && `There is no model ${chosen}.`;
  const wrong = !isOpen && (onType || typed !== null) && (withoutCommands(error?.message) || unknown);
  const describedBy = [told["aria-describedby"], wrong && `${own}-wrong`].filter(Boolean).join(" ");

  return html`<span class="picker">
    <input ref=${field} id=${id ?? own} type="text" role="combobox" class="model" aria-label=${label} ...${told}
      aria-invalid=${wrong ? "true" : told["aria-invalid"]} aria-describedby=${describedBy || undefined}
      aria-autocomplete="list" aria-expanded=${isOpen} aria-controls=${`${own}-list`}
      aria-activedescendant=${isOpen && at >= 0 ? `${own}-${at}` : undefined}
      autocomplete="off" spellcheck=${false} autocapitalize="off" disabled=${disabled}
      value=${typed ?? chosen} placeholder=${isOpen && chosen ? chosen : "Choose a model"} title=${typed === null ? chosen : undefined}
      onClick=${() => open()} onInput=${wrote} onKeyDown=${pressed} onBlur=${left} />
    ${wrong && html`<small id=${`${own}-wrong`} class="wrong" role="alert">${wrong}</small>`}
    ${!isOpen && typed !== null && !wrong && !isSending && html`<small>Enter to keep, Esc for <span class="model">${chosen || "none"}</span></small>`}
    ${isOpen && html`<${Models} own=${own} field=${field} shown=${shown} rest=${found.length - shown.length}
      total=${models?.length} at=${at} chosen=${chosen} typed=${typed} isUnclear=${isUnclear} onChoose=${choose} />`}
  </span>`;
}

function Models({ own, field, shown, rest, total, at, chosen, typed, isUnclear, onChoose }) {
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
  useEffect(() => {
    if (at < 0) list.current.firstElementChild.scrollTop = 0;
    else document.getElementById(`${own}-${at}`)?.scrollIntoView({ block: "nearest" });
  }, [at, typed]);
  const stay = (event) => event.preventDefault(); // the focus stays in the field
  return html`<div ref=${list} popover="manual" class="models" onMouseDown=${stay}>
    <div id=${`${own}-list`} role="listbox" aria-label="Models">
      ${grouped(shown).map(([provider, group], number) => html`<div key=${provider} role="group" aria-labelledby=${`${own}-group-${number}`}>
        <div class="provider" id=${`${own}-group-${number}`} role="presentation">${provider}</div>
        ${group.map((each) => html`<div key=${each.name} id=${`${own}-${each.index}`} role="option" class=${each.index === at ? "at" : ""}
          aria-selected=${nameOf(each) === chosen} onClick=${() => onChoose(each)}>${each.name}</div>`)}
      </div>`)}
    </div>
    <p aria-live="polite">${said(shown.length, rest, total, isUnclear)}</p>
  </div>`;
}

function said(count, rest, total, isUnclear) {
  if (total === undefined) return "Reading the models …";
  if (total === 0) return html`There are no models yet. <a href="#/providers">Add a provider</a>`;
  if (count === 0) return "No model is called so.";
  if (isUnclear) return `${plural(count + rest, "model")} fit: choose one with ↓, or type on.`;
  return rest > 0 ? `${plural(rest, "more model")}: type on to find them.` : html`<span class="unseen">${plural(count, "model")}</span>`;
}
