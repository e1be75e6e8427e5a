// Rows are dragged by pointer, mouse or finger: the row follows, the others make room, and the drop tells from and to.

import { useEffect, useRef } from "./view.js";

const EDGE = 60; // pixels from the window's edge where it scrolls
const STEP = 9; // pixels for each frame

class Drag {
  constructor(rows, from, event, onEnd) {
    this.rows = rows;
    this.from = this.to = from;
    this.onEnd = onEnd;
    this.boxes = rows.map((row) => ({ top: row.offsetTop, height: row.offsetHeight }));
    this.start = event.clientY + scrollY;
    this.y = event.clientY;
    this.rows[from].dataset.dragged = "";
    this.frame = requestAnimationFrame(() => this.scroll());
  }

  move(y) {
    this.y = y;
    const box = this.boxes[this.from];
    const last = this.boxes.at(-1);
    const offset = Math.min(Math.max(y + scrollY - this.start, this.boxes[0].top - box.top), last.top + last.height - box.top - box.height);
    const isDown = offset > 0;
    const edge = isDown ? box.top + box.height + offset : box.top + offset;
    this.to = this.boxes.reduce((to, { top, height }, index) => {
      if (isDown) return index > this.from && edge > top + height / 2 ? index : to;
      return index < this.from && edge < top + height / 2 && to === this.from ? index : to;
    }, this.from);
    this.rows.forEach((row, index) => {
      const isPassed = isDown ? index > this.from && index <= this.to : index < this.from && index >= this.to;
      const shift = index === this.from ? offset : isPassed ? (isDown ? -box.height : box.height) : 0;
      row.style.transform = shift ? `translateY(${shift}px)` : "";
    });
  }

  scroll() {
    const by = this.y < EDGE ? -STEP : this.y > innerHeight - EDGE ? STEP : 0;
    if (by) {
      scrollBy(0, by);
      this.move(this.y);
    }
    this.frame = requestAnimationFrame(() => this.scroll());
  }

  // Rows stay where they are shown until `done`, so that nothing jumps while the sidecar is asked.
  async end(isDropped) {
    cancelAnimationFrame(this.frame);
    if (isDropped && this.to !== this.from) await this.onEnd(this.from, this.to);
    this.rows.forEach((row) => {
      row.style.transform = "";
      delete row.dataset.dragged;
    });
  }
}

// {grip, cancel}: `grip(index)` are the handlers of a row's grip; `rows()` are the elements in order.
export function useDragging(rows, onDrop) {
  const drag = useRef(null);
  const end = (isDropped) => {
    const ended = drag.current;
    drag.current = null;
    ended?.end(isDropped);
  };
  useEffect(() => {
    const pressed = (event) => {
      if (event.key !== "Escape" || !drag.current) return;
      event.preventDefault();
      end(false);
    };
    addEventListener("keydown", pressed, true);
    return () => {
      removeEventListener("keydown", pressed, true);
      end(false);
    };
  }, []);
  const grip = (index) => ({
    onPointerDown: (event) => {
      if (event.button !== 0 || drag.current) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      drag.current = new Drag(rows(), index, event, onDrop);
    },
    onPointerMove: (event) => drag.current?.move(event.clientY),
    onPointerUp: () => end(true),
    onPointerCancel: () => end(false),
  });
  return { grip, cancel: () => end(false) };
}
