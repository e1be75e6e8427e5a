// What is kept of what was said: both bodies, in order if they are JSON, as they came otherwise.

import { html } from "./view.js";
import { Copy } from "./parts.js";

const SIDES = { request: "Asked", answer: "Answered" };

export function Said({ conversation }) {
  if (!conversation) return html`<p class="quiet unsaid">What was said is not kept. “Kept” above the list sets what is.</p>`;
  return html`${Object.entries(SIDES).map(([name, label]) => html`<details class="said" key=${name}>
    <summary>${label}</summary>
    <p><${Copy} text=${conversation[name]} what=${`what was ${label.toLowerCase()}`} /></p>
    <pre tabindex="0" aria-label=${label}>${orderly(conversation[name])}</pre>
  </details>`)}`;
}

function orderly(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text || "nothing";
  }
}
