// What is kept of what was said: the turns in order, and both bodies as they were.

import { html, useState } from "./view.js";
import { Copy } from "./parts.js";
import { answered, asked } from "./spoken.js";

const SIDES = { request: "Request as it came", answer: "Answer as it went" };
const LONGEST = 4000; // characters of a turn; the rest is in the body

export function Said({ conversation, title, isAsked }) {
  if (!conversation && !isAsked) return html`<p class="quiet unsaid">It went to no model, so ${title ? "of what was said only the first line is kept, as the title" : "nothing that was said is kept"}.</p>`;
  if (!conversation) return html`<p class="quiet unsaid">${title ? "Of what was said only the first line is kept, as the title." : "What was said is not kept."} “Kept” above the list sets what is.</p>`;
  const turns = [...asked(conversation.request), ...answered(conversation.answer)];
  return html`<h3 id="said">What was said</h3>
    ${turns.length > 0 && html`<ol class="turns" tabindex="0" aria-labelledby="said">${turns.map(({ role, text }, index) => html`<li key=${index} class=${role === "assistant" ? "theirs" : ""}>
      <small>${role}</small><p>${text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text}</p></li>`)}</ol>`}
    ${Object.entries(SIDES).map(([name, label]) => html`<${Body} key=${name} label=${label} text=${conversation[name]} />`)}`;
}

function Body({ label, text }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="said" onToggle=${(event) => setOpen(event.target.open)}>
    <summary>${label}</summary>
    ${isOpen && html`<p><${Copy} text=${text} what=${label.toLowerCase()} /></p>
      <pre tabindex="0" aria-label=${label}>${orderly(text)}</pre>`}
  </details>`;
}

function orderly(text) {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text || "nothing";
  }
}
