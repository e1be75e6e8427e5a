// Asking providers for their models, which may take a while: how long it has taken, and a way to stop.

import { html, useEffect, useRef, useState } from "./view.js";
import { CANCELLED } from "./connection.js";
import { whenBack } from "./fresh.js";

// {of, begin}: `begin(name)` refreshes a provider, `of(name)` is {isBusy, since, stop, error} of the latest time, or undefined.
export function useFetching(rpc) {
  const [tasks, setTasks] = useState({});
  const running = useRef(new Map());
  const begin = async (name) => {
    if (running.current.has(name)) return;
    const stopping = new AbortController();
    const put = (task) => setTasks((before) => ({ ...before, [name]: task }));
    running.current.set(name, stopping);
    put({ isBusy: true, since: Date.now(), stop: () => stopping.abort(), error: null });
    const error = await rpc.call("mux/provider/refresh", { name }, stopping.signal).then(() => null, (failure) => failure);
    running.current.delete(name);
    put({ isBusy: false, error: error?.code === CANCELLED ? null : error });
    whenBack(error, () => running.current.has(name) || put({ isBusy: false, error: null }));
  };
  return { of: (name) => tasks[name], begin };
}

// What is going on; `task` is {since, stop}.
export function Fetching({ of, task }) {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.floor((now - task.since) / 1000));
  return html`<div class="fetching"><span class="turning" aria-hidden="true"></span>
    <span role="status">Getting models<span class="unseen"> of ${of}</span> …</span><span class="quiet" aria-hidden="true">${seconds} s</span>
    <button type="button" class="copy" onClick=${task.stop} aria-label=${`Stop getting the models of ${of}`}>Stop</button></div>`;
}
