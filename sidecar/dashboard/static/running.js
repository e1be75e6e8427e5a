// The requests that are being answered at the moment: which model is at work, by which rule, and since when.

import { html, useEffect, useState } from "./view.js";
import { requestAt } from "./addresses.js";
import { count, modelOf } from "./format.js";
import { Files } from "./parts.js";

const EVERY = 1000; // milliseconds between two looks

// What `mux/status` says is running, asked again and again while the sidecar is busy and somebody looks.
export function useRunning(rpc, isBusy) {
  const [running, setRunning] = useState([]);
  useEffect(() => {
    if (!isBusy) return undefined;
    let isGone = false;
    const look = async () => {
      const status = document.hidden ? null : await rpc.call("mux/status").catch(() => null);
      if (!isGone) setRunning(status?.running ?? []);
    };
    look();
    const timer = setInterval(look, EVERY);
    return () => {
      isGone = true;
      clearInterval(timer);
      setRunning([]);
    };
  }, [isBusy]);
  return running;
}

// It has its room always, so that nothing moves while requests come and go.
export function Running({ running }) {
  return html`<section class="running" aria-labelledby="running">
    <h2 id="running">Being answered${running.length > 1 && ` (${running.length})`}</h2>
    ${running.length === 0 ? html`<p class="quiet">Nothing.</p>` : html`<ul tabindex="0" aria-labelledby="running">
      ${running.map((each) => html`<li key=${each.id}><${At} request=${each} /></li>`)}</ul>`}
  </section>`;
}

function At({ request }) {
  const time = html`<span class="number">${count(Math.floor(request.elapsedMs / 1000))} s</span>`;
  if (!request.model) return html`<span class="quiet">being read</span> ${time}`;
  return html`<a class="model" href=${requestAt(request.id)}>${modelOf(request)}</a> ${time}
    <small>${" "}by <${Files} filter=${request.filter} />, for ${request.client || "unknown"}</small>`;
}
