// The requests that fit a filter, newest first, as far down as somebody has read.

import { useEffect, useState } from "./view.js";
import { useFresh } from "./fresh.js";
import { unseen } from "./reading.js";

const FIRST = 100; // the newest, which are read again whenever there are new ones
const NEXT = 500; // older ones, read once

// {key, rows, isWhole, isHeld, newer, most, error, moreError, hold, newest, more, forget}. While somebody reads (`hold`),
// the rows stay as they are, and `newer` counts what came meanwhile, up to `most`; `newest` goes back to the top, where they show as
// they come. `key` tells the rows of one filter from those of another.
export function useRequests(rpc, filter) {
  const key = JSON.stringify(filter);
  const wanted = Object.fromEntries(Object.entries(filter).filter(([, value]) => value));
  const ask = (where) => rpc.call("mux/request/list", { ...wanted, ...where });
  const fresh = useFresh(rpc, async () => ({ key, rows: await ask({ limit: FIRST }) }), ["requests"], [key]);
  const [held, setHeld] = useState(null);
  const [reading, setReading] = useState({ isBusy: false, error: null });
  const [gone, setGone] = useState([]); // by their ids, as soon as they are deleted here
  const without = (listed) => (gone.length ? { ...listed, rows: listed.rows.filter(({ id }) => !gone.includes(id)) } : listed);
  const top = fresh.value && without({ ...fresh.value, isWhole: fresh.value.rows.length < FIRST });
  const isHeld = held?.key === key;
  const shown = isHeld ? without(held) : top;
  useEffect(() => {
    setHeld(null);
    setReading({ isBusy: false, error: null });
  }, [key]);
  useEffect(() => {
    if (top?.rows.length === 0) setHeld(null); // all were deleted
  }, [top?.rows.length === 0]);

  const more = async () => {
    if (!isHeld || held.isWhole || reading.isBusy) return;
    setReading({ isBusy: true, error: null });
    try {
      const older = await ask({ limit: NEXT, before: held.rows.at(-1).id });
      setHeld((before) => (before?.key === key ? { key, rows: [...before.rows, ...older], isWhole: older.length < NEXT } : before));
      setReading({ isBusy: false, error: null });
    } catch (error) {
      setReading({ isBusy: false, error });
    }
  };
  return {
    key: shown?.key,
    rows: shown?.rows ?? null,
    isWhole: shown?.isWhole ?? false,
    isHeld,
    newer: isHeld ? unseen(top.rows, shown.rows) : 0,
    most: FIRST,
    error: fresh.error,
    moreError: reading.error,
    hold: () => !isHeld && top?.key === key && setHeld(top),
    newest: () => setHeld(null),
    more,
    forget: (id) => setGone((before) => [...before, id]),
  };
}
