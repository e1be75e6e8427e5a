// Modal dialogs: shown for as long as they are rendered. Escape closes them; the focus goes back where it came from.

import { html, useEffect, useId, useLayoutEffect, useRef } from "./view.js";
import { CANCELLED } from "./connection.js";
import { withoutCommands } from "./format.js";
import { useAction } from "./fresh.js";
import { Trouble } from "./parts.js";

// What takes the focus first: what is marked, a field, or else the last thing, which undoes nothing.
const FIRST = ["[autofocus]", "form :is(input:not([type=hidden], [type=radio]:not(:checked)), select, textarea):not(:disabled)", "footer button", "button"];

function Dialog({ title, onClose, children }) {
  const dialog = useRef(null);
  const heading = useId();
  useLayoutEffect(() => {
    const element = dialog.current;
    element.showModal();
    FIRST.map((each) => element.querySelector(each)).find(Boolean)?.focus();
    return () => {
      element.close(); // gives the focus back
      // Unless what had it is gone by now, as a row that was removed is.
      requestAnimationFrame(() => document.activeElement === document.body && document.getElementById("main")?.focus());
    };
  }, []);
  const cancel = (event) => {
    if (event.target !== dialog.current) return; // a field for files cancels too
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${dialog} aria-labelledby=${heading} onCancel=${cancel}>
    <header><h2 id=${heading}>${title}</h2>
      <button type="button" class="plain" aria-label="Close" onClick=${onClose}>✕</button></header>
    ${children}
  </dialog>`;
}

// A form in a dialog. `act(signal)` is done when it is sent, and closes it when it went well; closing it before
// aborts the signal. `children` may be a function of `wrong`: `wrong(field)` is what the sidecar says of that field,
// and what no field asked for stands at the end; `clear()` takes it back. `send(how)`, for other ways than the button
// to send it, is `act(signal, how)`.
export function FormDialog({ title, yes, act, onClose, danger, children }) {
  const { run, error, isBusy, clear } = useAction();
  const closing = useRef(new AbortController());
  useEffect(() => () => closing.current.abort(), []);
  const send = async (how) => {
    if (isBusy) return;
    const { signal } = closing.current;
    if ((await run(() => act(signal, how))) && !signal.aborted) onClose();
  };
  const submit = (event) => {
    event.preventDefault();
    send();
  };
  const asked = new Set();
  const wrong = (field) => {
    asked.add(field);
    return error?.data?.field === field ? withoutCommands(error.message) : null;
  };
  const shown = typeof children === "function" ? children(wrong, clear, send) : children;
  const rest = error && error.code !== CANCELLED && !asked.has(error.data?.field) ? error : null;
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${submit} aria-busy=${isBusy}>
      ${shown}
      <${Trouble} error=${rest} />
      <footer><button type="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class=${danger ? "danger" : "main"} aria-disabled=${isBusy}>${yes}</button></footer>
    </form>
  <//>`;
}

// Asks before what cannot be undone.
export function Confirm({ title, yes, act, onClose, children }) {
  return html`<${FormDialog} title=${title} yes=${yes} act=${act} onClose=${onClose} danger>${children}<//>`;
}
