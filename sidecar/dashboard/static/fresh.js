// Data that stays fresh, and actions that tell how they went.

import { useEffect, useRef, useState } from "./view.js";

// {value, error, set} of `load`, read again when one of `whats` has changed or the connection is back. A hidden tab
// waits until somebody looks. `inputs` are what `load` depends on. `set` takes what a change has answered, so that it
// shows at once; what was being read by then, and may be newer, is read again.
export function useFresh(rpc, load, whats, inputs = []) {
  const [state, setState] = useState({ value: null, error: null });
  const latest = useRef(0);
  const again = useRef(null);
  const reading = useRef(0);
  useEffect(() => {
    let isGone = false;
    let isStale = false;
    const read = async () => {
      const mine = ++latest.current;
      isStale = false;
      reading.current += 1;
      const next = await load().then((value) => ({ value, error: null }), (error) => ({ error }));
      reading.current -= 1;
      if (!isGone && mine === latest.current) setState((before) => ({ ...before, ...next }));
    };
    const lookAgain = () => {
      if (document.hidden) isStale = true;
      else read();
    };
    again.current = lookAgain;
    const changed = (event) => whats.includes(event.detail.what) && lookAgain();
    const seen = () => isStale && lookAgain();
    rpc.addEventListener("mux/didChange", changed);
    rpc.addEventListener("open", lookAgain);
    document.addEventListener("visibilitychange", seen);
    if (rpc.isOpen) read();
    return () => {
      isGone = true;
      rpc.removeEventListener("mux/didChange", changed);
      rpc.removeEventListener("open", lookAgain);
      document.removeEventListener("visibilitychange", seen);
    };
  }, inputs);
  const set = (value) => {
    latest.current += 1;
    setState({ value, error: null });
    if (reading.current > 0) again.current();
  };
  return { ...state, set };
}

// Has `act` done once the sidecar is there again, where the error was that it was not.
export const whenBack = (error, act) => error?.connection?.addEventListener("open", act, { once: true });

// {run, error, isBusy, clear}: `run(action)` gives true when it went well, and keeps the error otherwise.
export function useAction() {
  const [state, setState] = useState({ error: null, isBusy: false });
  const run = async (action) => {
    setState({ error: null, isBusy: true });
    try {
      await action();
      setState({ error: null, isBusy: false });
      return true;
    } catch (error) {
      setState({ error, isBusy: false });
      whenBack(error, () => setState((now) => (now.error === error ? { error: null, isBusy: false } : now)));
      return false;
    }
  };
  return { run, ...state, clear: () => setState({ error: null, isBusy: false }) };
}
