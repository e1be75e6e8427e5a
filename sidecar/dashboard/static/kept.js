// What is kept of requests, and for how long: shown as a button, changed in a dialog.

import { html, useState } from "./view.js";
import { FormDialog } from "./dialog.js";
import { plural } from "./format.js";
import { useFresh } from "./fresh.js";
import { Field } from "./parts.js";

const KEEPS = {
  nothing: ["Nothing", "Which model, rule and files, tokens, cost and times; nothing that was said."],
  summary: ["Summary", "The same, and the first line of the question."],
  everything: ["Everything", "The same, and the whole conversation, without keys, up to 2 MB each way."],
};

export function Kept({ rpc }) {
  const { value } = useFresh(rpc, () => rpc.call("mux/settings/get"), ["settings"]);
  const [isOpen, setOpen] = useState(false);
  const said = value ? `Kept: ${KEEPS[value.keep][0].toLowerCase()}, ${plural(value.keepDays, "day")}` : "Kept: …";
  return html`<button type="button" class="kept" disabled=${!value} aria-haspopup="dialog" onClick=${() => setOpen(true)}>${said}</button>
    ${isOpen && html`<${KeptDialog} rpc=${rpc} settings=${value} onClose=${() => setOpen(false)} />`}`;
}

function KeptDialog({ rpc, settings, onClose }) {
  const [keep, setKeep] = useState(settings.keep);
  const [days, setDays] = useState(String(settings.keepDays));
  const save = () => rpc.call("mux/settings/set", { keep, keepDays: Number(days) });
  return html`<${FormDialog} title="What is kept of requests" yes="Save" act=${save} onClose=${onClose}>${(wrong) => html`
    <fieldset class="keeps"><legend class="unseen">What is kept</legend>
      ${Object.entries(KEEPS).map(([name, [label, means]]) => html`<label key=${name}>
        <input type="radio" name="keep" value=${name} checked=${name === keep} onChange=${() => setKeep(name)} />
        <span>${label}<small>${means}</small></span></label>`)}
    </fieldset>
    <p class="quiet">It holds for requests from now on, and stays on this machine.</p>
    <${Field} label="For how many days" hint="Older ones are deleted, those that are kept already too." error=${wrong("keepDays")}>
      <input type="number" min="1" max="3650" step="1" required value=${days} onInput=${(event) => setDays(event.target.value)} /><//>`}
  <//>`;
}
