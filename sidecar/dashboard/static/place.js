// Where a list that lies over the page is put: below what it belongs to if there is room, else above.

export function place(list, anchor, { tall = list.scrollHeight, most = 320, least = 0, end = false } = {}) {
  const box = anchor.getBoundingClientRect();
  const height = visualViewport?.height ?? innerHeight;
  const [below, above] = [height - box.bottom - 12, box.top - 12];
  const isBelow = below >= Math.min(most, tall) || below >= above;
  const width = least ? Math.min(Math.max(box.width, least), innerWidth - 16) : list.offsetWidth;
  const left = end ? box.right - width : box.left;
  if (least) list.style.width = `${width}px`;
  list.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  list.style.maxHeight = `${Math.max(96, Math.min(most, isBelow ? below : above))}px`;
  list.style.top = isBelow ? `${box.bottom + 4}px` : "auto";
  list.style.bottom = isBelow ? "auto" : `${innerHeight - box.top + 4}px`;
}
