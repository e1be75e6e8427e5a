// Whether somebody reads a list that grows: the pointer moves over it, or the keyboard is in it. Meanwhile nothing in it may move.

import { html, useEffect, useLayoutEffect, useRef, useState } from "./view.js";
import { plural } from "./format.js";

// {isReading, reader, showing}: `reader` belongs to the element with the list and its `Newer` in it; `showing(show)` is what that
// button does, after which the keyboard is at the `first` one, a selector. A focus that the pointer left there is no reading, nor
// is a pointer that the list came under, as when a dialog closes.
export function useReading(first) {
  const place = useRef(null);
  const [isOver, setOver] = useState(false);
  const [isWithin, setWithin] = useState(false);
  const isToFirst = useRef(false);
  useEffect(() => {
    const look = () => setWithin(Boolean(place.current?.querySelector(":focus-visible")));
    const left = () => setTimeout(look); // until then nothing has the focus
    document.addEventListener("focusin", look);
    document.addEventListener("focusout", left);
    return () => {
      document.removeEventListener("focusin", look);
      document.removeEventListener("focusout", left);
    };
  }, []);
  useLayoutEffect(() => {
    if (!isToFirst.current) return;
    isToFirst.current = false;
    place.current.querySelector(first)?.focus({ preventScroll: true });
  });
  const showing = (show) => (event) => {
    isToFirst.current = event.detail === 0; // pressed by the keyboard
    show();
  };
  const reader = { ref: place, onPointerMove: () => setOver(true), onPointerLeave: () => setOver(false) };
  return { isReading: isOver || isWithin, reader, showing };
}

// How many of the newest rows are not among those that are shown.
export function unseen(newest, shown) {
  const known = new Set(shown.map(({ id }) => id));
  return newest.filter(({ id }) => !known.has(id)).length;
}

// The button that shows what came meanwhile, of which `most` are counted. It lies over the edge, so that nothing makes room for it.
export function Newer({ count, most, onShow }) {
  const told = count < most ? plural(count, "new request") : `${most}+ new requests`;
  return html`<span class="newer" aria-live="polite">${count > 0 && html`<button type="button" class="main" onClick=${onShow}>${told}</button>`}</span>`;
}
