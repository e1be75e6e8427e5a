// A provider is added or changed: its fields, and the wait for its models.

import { html, useState } from "./view.js";
import { FormDialog } from "./dialog.js";
import { useFresh } from "./fresh.js";
import { Fetching } from "./fetching.js";
import { Choice, Field } from "./parts.js";
import { added, blank, changed, fieldOf, isElsewhere, isReset, retyped, stated, TIMEOUTS } from "./provider-form.js";

const AUTHS = [["none", "No key"], ["key", "A key, stored safely"], ["variable", "A key in an environment variable"]];
const MORE = ["models", "headers", "timeouts", "description"]; // fields that are folded away
const NOT_ALLOWED = 1007;
const NEW = { autocomplete: "off", autocapitalize: "off", spellcheck: false };

export function AddProvider({ rpc, types, taken, onClose }) {
  const [form, setForm] = useState(() => blank(types.find(({ type }) => type === "ollama") ?? types[0], taken));
  const choose = (type) => setForm((before) => retyped(before, types.find((each) => each.type === type), taken));
  const act = (signal) => rpc.call("mux/provider/add", added(form), signal);
  return html`<${ProviderDialog} title="Add a provider" yes="Add and get models" types=${types} form=${form} setForm=${setForm} onType=${choose} act=${act} onClose=${onClose} />`;
}

export function ManageProvider({ rpc, types, provider, onClose }) {
  const models = useFresh(rpc, () => rpc.call("mux/model/list", { provider: provider.name }), []);
  const names = models.value?.filter((each) => each.byHand).map((each) => each.name);
  return names && html`<${Manage} rpc=${rpc} types=${types} provider=${provider} byHand=${names} onClose=${onClose} />`;
}

function Manage({ rpc, types, provider, byHand, onClose }) {
  const [before] = useState(() => stated(provider, byHand));
  const [form, setForm] = useState(before);
  const choose = (type) => setForm((now) => {
    const old = types.find((each) => each.type === now.type);
    const next = types.find((each) => each.type === type);
    return { ...now, type, endpoint: now.endpoint === old?.defaultEndpoint ? next.defaultEndpoint : now.endpoint };
  });
  const act = async (signal) => {
    if (isReset(before, form)) await rpc.call("mux/provider/update", { name: before.name, timeouts: {}, offline: true }, signal);
    await rpc.call("mux/provider/update", changed(before, form), signal).catch((error) => {
      if (error.code === NOT_ALLOWED) error.data.field ??= fieldOf(form);
      throw error;
    });
  };
  return html`<${ProviderDialog} title=${`Manage ${provider.name}`} yes="Save and get models" types=${types} form=${form} setForm=${setForm} onType=${choose} act=${act}
    source=${provider.keySource} isElsewhere=${isElsewhere(before, form)} onClose=${onClose} />`;
}

// `source` is where the stored key is, which is wanted again where the endpoint `isElsewhere`.
function ProviderDialog({ title, yes, types, form, setForm, onType, act, source, isElsewhere: isMoved, onClose }) {
  const [task, setTask] = useState(null);
  const set = (change) => setForm((before) => ({ ...before, ...change }));
  const typed = (name) => (event) => set({ [name]: event.target.value });
  const [isOpen, setOpen] = useState(false);
  const fetched = stoppable(act, setTask, !form.offline);
  return html`<${FormDialog} title=${title} yes=${form.offline ? "Save" : yes} act=${fetched} onClose=${onClose}>${(wrong) => html`
    <div class="columns">
      <${Field} label="Type" error=${wrong("type")}><${Choice} value=${form.type} options=${types.map((each) => [each.type, each.label])} onChoose=${onType} /><//>
      <${Field} label="Name" error=${wrong("name") ?? wrong("newName")}><input type="text" required maxlength="64" ...${NEW} value=${form.name} onInput=${typed("name")} /><//>
    </div>
    ${types.find((each) => each.type === form.type)?.defaultEndpoint && html`<${Field} label="Endpoint" hint="A host and port will do." error=${wrong("endpoint")}>
      <input type="text" inputmode="url" required ...${NEW} value=${form.endpoint} onInput=${typed("endpoint")} /><//>`}
    <div class="columns">
      <${Field} label="Authentication" error=${wrong("auth")}><${Choice} value=${form.auth} options=${AUTHS} onChoose=${(auth) => set({ auth })} /><//>
      ${form.auth === "key" && html`<${Field} key="key" label="Key" hint=${hintOf(source, isMoved)} error=${wrong("apiKey")}>
        <input type="password" autocomplete="new-password" required=${!source && !form.offline} value=${form.key} onInput=${typed("key")} /><//>`}
      ${form.auth === "variable" && html`<${Field} key="variable" label="Variable" hint="Of the process that serves, such as OPENAI_API_KEY." error=${wrong("apiKeyEnv")}>
        <input type="text" required ...${NEW} value=${form.variable} onInput=${typed("variable")} /><//>`}
    </div>
    <details open=${isOpen || MORE.some(wrong)} onToggle=${(event) => setOpen(event.target.open)}><summary>Models by hand, headers, timeouts</summary>
      <${Field} label="Models by hand" hint="One a line, for a server that lists none, or not all." error=${wrong("models")}>
        <textarea rows="3" ...${NEW} value=${form.models} onInput=${typed("models")}></textarea><//>
      <${Headers} headers=${form.headers} set=${(headers) => set({ headers })} error=${wrong("headers")} />
      <${Timeouts} timeouts=${form.timeouts} set=${(timeouts) => set({ timeouts })} error=${wrong("timeouts")} />
      <${Field} label="Description" error=${wrong("description")}><input type="text" ...${NEW} value=${form.description} onInput=${typed("description")} /><//>
    </details>
    <label class="check"><input type="checkbox" checked=${form.offline} onChange=${(event) => set({ offline: event.target.checked })} />Save without asking it for its models</label>
    ${task && html`<${Fetching} of=${form.name} task=${task} />`}`}
  <//>`;
}

function hintOf(source, isMoved) {
  if (!source || source.startsWith("env:")) return "Never shown again.";
  return isMoved ? "Type it again: the stored one does not go to another host." : "Blank keeps the stored one.";
}

// `act` with a way to stop it that leaves the dialog open, and is told as `{since, stop}` meanwhile.
function stoppable(act, setTask, isSlow) {
  return async (signal) => {
    const stopping = new AbortController();
    const stop = () => stopping.abort();
    signal.addEventListener("abort", stop);
    if (isSlow) setTask({ since: Date.now(), stop });
    try {
      await act(stopping.signal);
    } finally {
      setTask(null);
    }
  };
}

function Headers({ headers, set, error }) {
  const change = (at, part) => set(headers.map((each, index) => (index === at ? { ...each, ...part } : each)));
  return html`<fieldset class="headers"><legend>Headers</legend>
    ${headers.map((each, at) => html`<div key=${at} class="header">
      <input type="text" aria-label=${`Name of header ${at + 1}`} placeholder="X-Title" ...${NEW} value=${each.name} onInput=${(event) => change(at, { name: event.target.value })} />
      <input type="text" aria-label=${`Value of header ${at + 1}`} placeholder=${each.isKept ? "as it is" : "value, or env:NAME"} ...${NEW} value=${each.value} onInput=${(event) => change(at, { value: event.target.value })} />
      <button type="button" class="plain" aria-label=${`Remove header ${at + 1}`} onClick=${() => set(headers.filter((_, index) => index !== at))}>✕</button></div>`)}
    <button type="button" onClick=${() => set([...headers, { name: "", value: "" }])}>Add a header</button>
    ${error && html`<small class="wrong" role="alert">${error}</small>`}</fieldset>`;
}

function Timeouts({ timeouts, set, error }) {
  return html`<fieldset><legend>Timeouts, in seconds</legend><div class="timeouts">
    ${Object.entries(TIMEOUTS).map(([name, label]) => html`<${Field} key=${name} label=${label}><input type="number" min="0.1" step="any" placeholder="default"
      value=${timeouts[name] ?? ""} onInput=${(event) => set({ ...timeouts, [name]: event.target.value })} /><//>`)}</div>
    ${error && html`<small class="wrong" role="alert">${error}</small>`}</fieldset>`;
}
