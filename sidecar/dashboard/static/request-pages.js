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
  const [older, setOlder] = useState({}); // {after, isBusy, error}: those below that row
  const [gone, setGone] = useState([]); // by their ids, as soon as they are deleted here
  const without = (listed) => (gone.length ? { ...listed, rows: listed.rows.filter(({ id }) => !gone.includes(id)) } : listed);
  const top = fresh.value && without({ ...fresh.value, isWhole: fresh.value.rows.length < FIRST });
  const isHeld = held?.key === key;
  const shown = isHeld ? without(held) : top;
  useEffect(() => setHeld(null), [key]);
  useEffect(() => {
    if (top?.rows.length === 0) setHeld(null); // all were deleted
  }, [top?.rows.length === 0]);

  const more = async () => {
    const after = isHeld && !held.isWhole && held.rows.at(-1)?.id;
    if (!after || (older.after === after && older.isBusy)) return;
    const tell = (state) => setOlder((now) => (now.after === after ? { after, ...state } : now));
    setOlder({ after, isBusy: true });
    try {
      const rows = await ask({ limit: NEXT, before: after });
      setHeld((before) => (before?.key === key && before.rows.at(-1)?.id === after ? { key, rows: [...before.rows, ...rows], isWhole: rows.length < NEXT } : before));
      tell({ isBusy: false });
    } catch (error) {
      tell({ isBusy: false, error });
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
    moreError: isHeld && older.after === held.rows.at(-1)?.id ? older.error : null,
    hold: () => !isHeld && top?.key === key && setHeld(top),
    newest: () => setHeld(null),
    more,
    forget: (id) => setGone((before) => [...before, id]),
  };
}
