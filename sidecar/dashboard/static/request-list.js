// The list of requests: only the rows that can be seen are elements, however many there are.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./view.js";
import { requestAt } from "./addresses.js";
import { clock, count, milliseconds, modelOf, money, otherDay } from "./format.js";
import { Files, Model, Outcome } from "./parts.js";
import { Newer, useReading } from "./reading.js";

const ROW = 56; // pixels, as in requests.css
const SPARE = 8; // rows above and below those that can be seen
const AHEAD = 150; // rows before the end when older ones are read

const COLUMNS = { time: "Time", what: "Model", rule: "Rule", client: "Client", result: "Outcome", tokens: "Tokens", cost: "Cost", took: "Took" };
const MOVES = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

export function RequestList({ list, opened }) {
  const { rows } = list;
  const place = useRef(null);
  const [view, setView] = useState({ first: 0, rows: 20 });
  const [isDown, setDown] = useState(false);
  const [current, setCurrent] = useState(null);
  const { isReading, reader, showing } = useReading(".rows a");
  const look = () => {
    const { scrollTop, clientHeight } = place.current;
    const next = { first: Math.floor(scrollTop / ROW), rows: Math.ceil(clientHeight / ROW) };
    setView((before) => (before.first === next.first && before.rows === next.rows ? before : next));
    setDown(scrollTop >= 1);
  };
  useLayoutEffect(() => {
    const watcher = new ResizeObserver(look);
    watcher.observe(place.current);
    return () => watcher.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (isReading || isDown) list.hold();
    else list.newest();
  }, [isReading, isDown, list.isHeld, rows === null]);
  const isNearEnd = isDown && list.isHeld && view.first + view.rows + AHEAD > rows.length;
  useEffect(() => {
    if (isNearEnd) list.more();
  }, [isNearEnd, rows?.length]);
  const focus = useFocus(place, rows, setCurrent);
  useClosing(opened, place, rows);
  const toTop = showing(() => {
    place.current.scrollTop = 0;
    look();
    list.newest();
  });
  const keyed = (event) => {
    if (!(event.key in MOVES) || !rows?.length || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    const at = rows.findIndex((row) => row.id === current);
    focus(Math.max(0, Math.min(rows.length - 1, Math.max(at, 0) + MOVES[event.key])));
  };
  const stop = current && rows?.some((row) => row.id === current) ? current : rows?.[Math.min(view.first, rows.length - 1)]?.id;
  return html`<div class="list card" ...${reader}>
    <${Newer} count=${list.newer} most=${list.most} onShow=${toTop} />
    <div class="rows" ref=${place} role="table" aria-label="Requests" aria-rowcount=${list.isWhole ? rows.length + 1 : -1}
      aria-busy=${!rows} onScroll=${look} onKeyDown=${keyed}>
      <div role="rowgroup" class="head"><div role="row" aria-rowindex="1">
        ${Object.entries(COLUMNS).map(([name, label]) => html`<span role="columnheader" key=${name} class=${name}>${label}</span>`)}</div></div>
      <div role="rowgroup" class="body" style=${{ height: `${(rows?.length ?? 0) * ROW}px` }}>
        ${seen(rows, view, current).map((index) => html`<${Row} key=${rows[index].id} request=${rows[index]} index=${index}
          isStop=${rows[index].id === stop} isOpened=${rows[index].id === opened} onFocus=${setCurrent} />`)}</div>
    </div>
    <p class="end quiet"><${End} list=${list} /></p>
  </div>`;
}

function End({ list }) {
  if (list.moreError) return html`<span class="wrong" role="alert">${list.moreError.message}</span> <button type="button" class="copy" onClick=${list.more}>Try again</button>`;
  return list.rows && (list.isWhole ? "These are all that are kept." : "Older ones show as you scroll.");
}

// The indexes of the rows that are elements: those around the view, and the one that has the focus.
function seen(rows, view, current) {
  if (!rows) return [];
  const first = Math.max(0, view.first - SPARE);
  const last = Math.min(rows.length, view.first + view.rows + SPARE);
  const around = Array.from({ length: Math.max(0, last - first) }, (_, index) => first + index);
  const at = current ? rows.findIndex((row) => row.id === current) : -1;
  return at < 0 || (at >= first && at < last) ? around : [...around, at];
}

// Moves the focus to a row, which is an element by the next time that this is rendered.
function useFocus(place, rows, setCurrent) {
  const wanted = useRef(null);
  useLayoutEffect(() => {
    if (wanted.current === null) return;
    const link = place.current.querySelector(`[data-id="${wanted.current}"]`);
    if (!link) return;
    wanted.current = null;
    link.focus({ preventScroll: true });
  });
  return (index) => {
    const { scrollTop, clientHeight } = place.current;
    const head = place.current.firstElementChild.offsetHeight;
    const top = index * ROW;
    if (top < scrollTop) place.current.scrollTop = top;
    else if (top + ROW > scrollTop + clientHeight - head) place.current.scrollTop = top + ROW - clientHeight + head;
    wanted.current = rows[index].id;
    setCurrent(rows[index].id);
  };
}

// What was opened gives the focus back to its row, or to the one in its place when it is gone.
function useClosing(opened, place, rows) {
  const before = useRef(opened);
  const at = useRef(0);
  const found = rows?.findIndex((row) => row.id === opened) ?? -1;
  if (found >= 0) at.current = found;
  useEffect(() => {
    const link = (id) => place.current.querySelector(`[data-id="${CSS.escape(id)}"]`);
    if (!opened && before.current) (link(before.current) ?? link(rows?.[Math.min(at.current, rows.length - 1)]?.id))?.focus({ preventScroll: true });
    before.current = opened;
  }, [opened]);
}

function Row({ request, index, isStop, isOpened, onFocus }) {
  const about = request.title || request.files.join(", ") || "no title";
  return html`<div role="row" aria-rowindex=${index + 2} class=${isOpened ? "opened" : ""} style=${{ top: `${index * ROW}px` }}>
    <span role="cell" class="time"><time datetime=${request.startedAt}>${clock(request.startedAt)}<small>${otherDay(request.startedAt)}</small></time></span>
    <span role="cell" class="what"><a class="model" href=${requestAt(request.id)} aria-label=${modelOf(request)} title=${modelOf(request)} data-id=${request.id} tabindex=${isStop ? 0 : -1}
      aria-current=${isOpened ? "true" : undefined} onFocus=${() => onFocus(request.id)}><${Model} of=${request} /></a><small>${about}</small></span>
    <span role="cell" class="rule">${request.position ? html`<${Files} filter=${request.filter} />` : "no rule"}<small>${request.workspace ?? "no workspace"}</small></span>
    <span role="cell" class="client">${request.client || "unknown"}</span>
    <span role="cell" class="result"><${Outcome} outcome=${request.outcome} /></span>
    <span role="cell" class="tokens number">${tokens(request)}</span>
    <span role="cell" class="cost number">${money(request.cost)}</span>
    <span role="cell" class="took number">${milliseconds(request.totalMs)}</span>
  </div>`;
}

function tokens({ inputTokens, outputTokens }) {
  return inputTokens === undefined && outputTokens === undefined ? "–" : count((inputTokens ?? 0) + (outputTokens ?? 0));
}
