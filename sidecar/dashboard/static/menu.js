// A button with more to do behind it. The browser closes the list at Escape and at a press elsewhere.

import { html, useId, useRef } from "./view.js";
import { place } from "./place.js";

// `items` are {title, act, danger}.
export function Menu({ label, items }) {
  const id = useId();
  const button = useRef(null);
  const list = useRef(null);
  const opened = (event) => {
    if (event.newState === "open") place(list.current, button.current, { end: true });
  };
  const choose = (act) => {
    list.current.hidePopover(); // gives the focus back to the button, where a dialog leaves it in the end
    act();
  };
  return html`<span class="menu">
    <button ref=${button} type="button" class="plain" aria-label=${label} title=${label} popovertarget=${id}>⋯</button>
    <div ref=${list} id=${id} popover="auto" onToggle=${opened}>
      ${items.map(({ title, act, danger }) => html`<button key=${title} type="button" class=${danger ? "danger" : ""} onClick=${() => choose(act)}>${title}</button>`)}
    </div>
  </span>`;
}
