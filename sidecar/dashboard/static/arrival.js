// Whether a request of a client has arrived since somebody looks.

import { html, useEffect, useState } from "./view.js";
import { requestAt } from "./addresses.js";
import { modelOf, moment } from "./format.js";
import { useFresh } from "./fresh.js";
import { Trouble } from "./parts.js";

const LATEST = 50;
const MINUTE = 60; // seconds for which "ago" is counted

const isOf = (client, request) => client.userAgents.some((begin) => request.client.toLowerCase().startsWith(begin.toLowerCase()));

export function Arrival({ rpc, client, workspace }) {
  const wanted = workspace ? { workspace } : {};
  const { value, error } = useFresh(rpc, () => rpc.call("mux/request/list", { limit: LATEST, ...wanted }), ["requests"]);
  const [before, setBefore] = useState(null); // {id} of the latest one when the page was opened
  const latest = value?.find((request) => isOf(client, request));
  useEffect(() => {
    if (value && !before) setBefore({ id: latest?.id });
  }, [value]);
  const hasCome = before && latest && latest.id !== before.id;
  return html`<${Trouble} error=${error} />
    <div class=${`arrival ${hasCome ? (latest.outcome === "error" ? "failed" : "come") : "awaited"}`} role="status">
      ${hasCome ? html`<${Come} request=${latest} />` : html`<span>Waiting for a request from ${client.name} …</span>`}
      ${!hasCome && latest && html`<small>The last one came ${moment(latest.startedAt)}, <${Served} request=${latest} />.</small>`}
    </div>`;
}

function Come({ request }) {
  return html`<span>Arrived <${Ago} since=${request.startedAt} />, <${Served} request=${request} />.</span>
    ${request.error && html`<small>${request.error}</small>`}`;
}

function Served({ request }) {
  const how = request.outcome === "error" ? html`and failed` : html`served by <span class="model">${modelOf(request)}</span>`;
  return html`<a href=${requestAt(request.id)}>${how}</a>`;
}

// How long ago, counted for a minute; the time from then on.
function Ago({ since }) {
  const seconds = () => Math.max(0, Math.round((Date.now() - new Date(since)) / 1000));
  const [age, setAge] = useState(seconds());
  useEffect(() => {
    const timer = setInterval(() => {
      setAge(seconds());
      if (seconds() > MINUTE) clearInterval(timer);
    }, 1000);
    return () => clearInterval(timer);
  }, [since]);
  const shown = Math.min(age, seconds());
  if (shown > MINUTE) return html`at ${moment(since)}`;
  return shown < 2 ? "just now" : html`<span aria-hidden="true">${shown} seconds ago</span><span class="unseen">just now</span>`;
}
