// What the pages share: sentences about trouble, empty places, copying, dialogs.

import { html, useEffect, useId, useRef, useState } from "./view.js";
import { OUTCOMES } from "./format.js";

export function Trouble({ error }) {
  return html`<p class="trouble" role="alert" hidden=${!error}>${error?.message}</p>`;
}

export function Empty({ children }) {
  return html`<p class="empty">${children}</p>`;
}

export function Outcome({ outcome }) {
  return html`<span class=${`outcome ${outcome}`}>${OUTCOMES[outcome] ?? outcome}</span>`;
}

export function Copy({ text, what }) {
  const [said, setSaid] = useState("Copy");
  const copy = async () => {
    const copied = await navigator.clipboard.writeText(text).then(() => "Copied", () => "Select and copy by hand");
    setSaid(copied);
    setTimeout(() => setSaid("Copy"), 2000);
  };
  return html`<button type="button" class="copy" aria-label=${`${said} ${what}`} onClick=${copy}>${said}</button>`;
}

// A modal dialog for as long as it is rendered. Escape closes it; the focus goes back where it came from.
export function Dialog({ title, onClose, wide, children }) {
  const dialog = useRef(null);
  const heading = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    return () => before?.isConnected && before.focus();
  }, []);
  const cancel = (event) => {
    event.preventDefault();
    onClose();
  };
  return html`<dialog ref=${dialog} class=${wide ? "wide" : ""} aria-labelledby=${heading} onCancel=${cancel}>
    <header><h2 id=${heading}>${title}</h2>
      <button type="button" class="plain" aria-label="Close" onClick=${onClose}>✕</button></header>
    ${children}
  </dialog>`;
}

// Asks before something cannot be undone; `action` is done at "yes".
export function Confirm({ title, yes, action, onClose, children }) {
  const { run, error, isBusy } = action;
  const submit = async (event) => {
    event.preventDefault();
    if (await run()) onClose();
  };
  return html`<${Dialog} title=${title} onClose=${onClose}>
    <form onSubmit=${submit}>
      ${children}
      <${Trouble} error=${error} />
      <footer><button type="button" onClick=${onClose}>Cancel</button>
        <button type="submit" class="danger" disabled=${isBusy}>${yes}</button></footer>
    </form>
  <//>`;
}

export function Field({ label, hint, error, children }) {
  return html`<label class="field"><span>${label}</span>${children}
    ${hint && html`<small>${hint}</small>`}
    ${error && html`<small class="wrong" role="alert">${error}</small>`}</label>`;
}
