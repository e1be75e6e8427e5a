// Providers: each with where it is, how it fares, its models, and who uses it.

import { html, useState } from "./view.js";
import { providerAt, workspaceAt } from "./addresses.js";
import { count, moment, plural, withoutCommands } from "./format.js";
import { useFresh } from "./fresh.js";
import { Fetching, useFetching } from "./fetching.js";
import { Empty, Trouble } from "./parts.js";
import { Menu } from "./menu.js";
import { AddProvider, ManageProvider } from "./provider-dialog.js";
import { ForceProvider, RemoveProvider } from "./provider-removal.js";

const close = () => (location.hash = "#/providers");

export function Providers({ rpc, detail }) {
  const { value, error } = useFresh(rpc, () => rpc.call("mux/provider/list"), ["providers", "models", "workspaces", "rules"]);
  const types = useFresh(rpc, () => rpc.call("mux/provider/types"), []);
  const fetching = useFetching(rpc);
  const [isAdding, setAdding] = useState(false);
  const managed = detail && value?.find((each) => each.name.toLowerCase() === detail.toLowerCase());
  const labels = Object.fromEntries((types.value ?? []).map(({ type, label }) => [type, label]));
  return html`<div class="bar heading"><h1>Providers</h1>
      <button type="button" disabled=${!value?.length} onClick=${() => value.forEach(({ name }) => fetching.begin(name))}>Refresh all</button>
      <button type="button" class="main" disabled=${!types.value} onClick=${() => setAdding(true)}>Add a provider</button></div>
    <${Trouble} error=${error ?? types.error} />
    <p class="trouble" role="alert" hidden=${!(detail && value && !managed)}>There is no provider ${detail} any more.</p>
    ${value?.length === 0 && html`<${Empty}>No provider yet. Add an account or a server whose models are to answer, such as Ollama on this machine or Anthropic with your key.<//>`}
    <ul class="providers">${value?.map((each) => html`<${Provider} key=${each.name} rpc=${rpc} provider=${each} label=${labels[each.type] ?? each.type} fetching=${fetching} />`)}</ul>
    ${isAdding && html`<${AddProvider} rpc=${rpc} types=${types.value} taken=${value ?? []} onClose=${() => setAdding(false)} />`}
    ${managed && types.value && html`<${ManageProvider} key=${managed.name} rpc=${rpc} types=${types.value} provider=${managed} onClose=${close} />`}`;
}

function Provider({ rpc, provider, label, fetching }) {
  const [asked, setAsked] = useState(null); // "remove", or the workspaces that use it
  const { name } = provider;
  const task = fetching.of(name);
  const key = keyOf(provider);
  return html`<li class="card" aria-label=${name}>
    <div class="bar"><h2>${name} <span class="tag">${label}</span></h2>
      <button type="button" aria-label=${`Refresh ${name}`} aria-disabled=${Boolean(task?.isBusy)} onClick=${() => fetching.begin(name)}>Refresh</button>
      <a class="button" href=${providerAt(name)} aria-label=${`Manage ${name}`}>Manage …</a>
      <${Menu} label=${`More for ${name}`} items=${[{ title: "Remove …", danger: true, act: () => setAsked("remove") }]} /></div>
    <p class="about" hidden=${!key && !provider.endpoint}>${provider.endpoint && html`<code>${provider.endpoint}</code>`} ${key}</p>
    ${provider.description && html`<p class="about">Description: ${provider.description}</p>`}
    <${Health} provider=${provider} task=${task} />
    <p class="users">${provider.workspaces.length === 0 ? html`<span class="quiet">No workspace uses it yet.</span>`
      : html`Used by ${provider.workspaces.map((each, index) => html`${index > 0 && ", "}<a key=${each} href=${workspaceAt(each)}>${each}</a>`)}`}</p>
    <${Models} rpc=${rpc} provider=${provider} />
    ${asked === "remove" && html`<${RemoveProvider} rpc=${rpc} name=${name} onUsed=${setAsked} onClose=${() => setAsked((now) => (now === "remove" ? null : now))} />`}
    ${Array.isArray(asked) && html`<${ForceProvider} rpc=${rpc} name=${name} users=${asked} onClose=${() => setAsked(null)} />`}
  </li>`;
}

// Where its key is, which is never shown.
function keyOf({ keySource }) {
  if (!keySource) return "";
  if (keySource.startsWith("env:")) return `key in ${keySource.slice(4)}`;
  return keySource === "keyring" ? "key in the system's keyring" : "key in a file that only you can read";
}

function Health({ provider, task }) {
  if (task?.isBusy) return html`<${Fetching} of=${provider.name} task=${task} />`;
  const error = withoutCommands(task?.error?.message ?? provider.error);
  if (error) return html`<p class="health bad" role=${task?.error ? "alert" : undefined}><span class="unseen">Trouble: </span>${error}</p>`;
  if (!provider.refreshedAt) return html`<p class="health unknown">Not asked for its models yet.</p>`;
  return html`<p class="health good">Answered <time datetime=${provider.refreshedAt}>${moment(provider.refreshedAt)}</time></p>`;
}

function Models({ rpc, provider }) {
  const [isOpen, setOpen] = useState(false);
  return html`<details class="listed" onToggle=${(event) => setOpen(event.target.open)}>
    <summary>${plural(provider.models, "model")}</summary>
    ${isOpen && html`<${ModelList} rpc=${rpc} provider=${provider} />`}
  </details>`;
}

function ModelList({ rpc, provider }) {
  const { value, error } = useFresh(rpc, () => rpc.call("mux/model/list", { provider: provider.name }), ["models"], [provider.name]);
  if (value?.length === 0) return html`<${Empty}>It lists no models. <a href=${providerAt(provider.name)}>Name them by hand</a>, and they can be chosen.<//>`;
  return html`<${Trouble} error=${error} />
    <ul class="names" tabindex="0" aria-label=${`Models of ${provider.name}`}>${value?.map((model) => html`<li key=${model.name}><span class="model">${model.name}</span>
      ${model.contextWindow && html` <small>${count(model.contextWindow)} tokens</small>`}
      ${model.byHand && html` <span class="tag">by hand</span>`}${model.gone && html` <span class="tag bad">gone</span>`}</li>`)}</ul>`;
}
