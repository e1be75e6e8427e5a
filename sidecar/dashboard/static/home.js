// Home: the active workspace and what it serves, trouble, requests as they happen, and today's use.

import { html, useLayoutEffect, useState } from "./view.js";
import { requestAt, workspaceAt } from "./addresses.js";
import { KINDS, milliseconds, modelOf, moment, plural, today } from "./format.js";
import { useAction, useFresh } from "./fresh.js";
import { Choice, Copy, Empty, Files, Model, Outcome, Trouble } from "./parts.js";
import { Problems } from "./problems.js";
import { Newer, unseen, useReading } from "./reading.js";
import { Use } from "./use.js";

const LATEST = 8;
const MOST = 10; // rules with a filter that are shown where there are more

export function Home({ rpc, status }) {
  const workspaces = useFresh(rpc, () => rpc.call("mux/workspace/list"), ["workspaces", "rules"]);
  const rules = useFresh(rpc, () => rpc.call("mux/rule/list"), ["workspaces", "rules", "models", "providers"]);
  const requests = useFresh(rpc, () => rpc.call("mux/request/list", { limit: LATEST }), ["requests"]);
  const usage = useFresh(rpc, () => rpc.call("mux/usage", { since: today() }), ["requests"]);
  // All of it at once: nothing is pushed about by what comes later.
  if (![workspaces, rules, requests, usage].every((each) => each.value || each.error)) return html`<h1 class="loading">Home</h1>`;
  return html`<h1>Home</h1>
    <${Problems} details=${status.details} />
    <div class="columns">
      <${Active} rpc=${rpc} status=${status} workspaces=${workspaces} rules=${rules} />
      <${Latest} requests=${requests} />
    </div>
    <${Today} usage=${usage} />`;
}

function Active({ rpc, status, workspaces, rules }) {
  const { run, error } = useAction();
  const active = workspaces.value?.find((each) => each.active)?.name;
  const choose = (name) => run(async () => {
    await rpc.call("mux/workspace/switch", { name });
    workspaces.set(await rpc.call("mux/workspace/list"));
  });
  return html`<section class="card" aria-labelledby="active">
    <h2 id="active">Workspace</h2>
    <label class="field"><span>Active workspace</span>
      <${Choice} value=${active} options=${(workspaces.value ?? []).map((each) => [each.name, each.name])} onChoose=${choose} /></label>
    <${Trouble} error=${error ?? workspaces.error ?? rules.error} />
    <${Serves} rules=${rules.value} active=${active} />
    <p class="more" hidden=${!active || rules.value?.length === 0}><a href=${workspaceAt(active ?? "")}>Change its rules</a></p>
    <p class="address">Clients are pointed at <code>${status.endpoint.url}</code> <${Copy} text=${status.endpoint.url} what="the address" /></p>
    <p class="quiet" hidden=${status.endpoint.state === "serving"}>${status.endpoint.detail ?? `The endpoint is ${status.endpoint.state}.`}</p>
  </section>`;
}

function Serves({ rules, active }) {
  if (rules?.length === 0) {
    return html`<${Empty}>No model serves this workspace yet. <a href="#/providers">Add a provider</a>, then
      ${" "}<a href=${workspaceAt(active ?? "")}>choose a model for everything</a>.<//>`;
  }
  const filtered = rules?.filter((rule) => rule.filter) ?? [];
  const shown = filtered.length > MOST ? filtered.slice(0, MOST) : filtered;
  return html`<table class="serves"><caption class="unseen">Which model serves what</caption>
    <thead><tr><th scope="col">Files</th><th scope="col">Model</th></tr></thead>
    <tbody>${shown.map(Served)}
      ${shown.length < filtered.length && html`<tr><td colspan="2"><a href=${workspaceAt(active ?? "")}>${plural(filtered.length - shown.length, "more rule")}</a></td></tr>`}
      ${rules?.filter((rule) => !rule.filter).map(Served)}</tbody>
  </table>`;
}

const Served = (rule) => html`<tr key=${rule.position} class=${rule.broken ? "broken" : ""}>
  <td><${Files} filter=${rule.filter} />${rule.kind !== "any" && html` <small>${KINDS[rule.kind]}</small>`}
    ${rule.broken ? html` <small class="wrong">cannot serve</small>` : rule.takenBy && html` <small class="never">never reached</small>`}</td>
  <td class="model">${modelOf(rule)}</td>
</tr>`;

// While somebody reads them they stay as they are; what comes meanwhile is counted.
function Latest({ requests: { value, error } }) {
  const { isReading, reader, showing } = useReading(".latest a");
  const [held, setHeld] = useState(null);
  useLayoutEffect(() => setHeld(isReading ? value : null), [isReading]);
  const shown = (value?.length && held) || value;
  return html`<section class="card growing" aria-labelledby="latest" ...${reader}>
    <${Newer} count=${unseen(value ?? [], shown ?? [])} most=${LATEST} onShow=${showing(() => setHeld(value))} />
    <div class="bar"><h2 id="latest">Latest requests</h2>
      <a href="#/requests" hidden=${!value?.length}>All requests</a></div>
    <${Trouble} error=${error} />
    ${value?.length === 0 && html`<${Empty}>No requests yet. <a href="#/connect">Connect a client</a>, and they show here as they happen.<//>`}
    <ol class="latest">${shown?.map((request) => html`<li key=${request.id}>
      <a href=${requestAt(request.id)}>
        <time datetime=${request.startedAt}>${moment(request.startedAt)}</time>
        <span class="model" title=${modelOf(request)}><${Model} of=${request} /></span>
        <${Outcome} outcome=${request.outcome} />
        <span class="what">${request.title || request.files.join(", ") || request.client}</span>
        <span class="number">${milliseconds(request.totalMs)}</span>
      </a></li>`)}</ol>
  </section>`;
}

function Today({ usage: { value, error } }) {
  return html`<section class="card" aria-labelledby="today">
    <h2 id="today">Today</h2>
    <${Trouble} error=${error} />
    ${value?.length === 0 ? html`<${Empty}>Nothing was asked today.<//>` : html`<${Use} rows=${value ?? []} />`}
  </section>`;
}
