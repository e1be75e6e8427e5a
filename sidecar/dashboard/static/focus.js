// The focus is never lost: what had it and was moved has it again, and when it goes away or is disabled, what stands next
// to it takes it.

const ABLE = ":is(a[href], button:not(:disabled), input:not(:disabled), select:not(:disabled), textarea:not(:disabled), summary, [tabindex='0'])";
const ROW = "tr, li, [role=row]";
const PART = `${ROW}, section, form`;

const main = () => document.getElementById("main");
const able = (within) => [...within.querySelectorAll(ABLE)].filter((each) => each.checkVisibility());

// Where an element is: the rows and parts around it, inside out, each with its parent and its place there.
function whereabouts(element) {
  const around = [];
  for (let each = element.closest(PART); each; each = each.parentElement?.closest(PART)) {
    around.push({ part: each, parent: each.parentElement, at: [...each.parentElement.children].indexOf(each) });
  }
  return around;
}

function beside(element) {
  const all = able(element.parentElement);
  const isAfter = (each) => element.compareDocumentPosition(each) & Node.DOCUMENT_POSITION_FOLLOWING;
  return all.find(isAfter) ?? all.at(-1);
}

function within(around) {
  for (const { part, parent, at } of around) {
    const next = part.isConnected ? part : part.matches(ROW) && parent.isConnected && (parent.children[at] ?? parent.lastElementChild);
    const found = next && able(next)[0];
    if (found) return found;
  }
  return main();
}

// Whether a change put the element where it is.
const isMoved = (element, changes) => changes.some(({ addedNodes }) => [...addedNodes].some((each) => each.contains(element)));

export function keepFocus(root) {
  let held = null; // {element, around} of what has the focus, or had it when a dialog opened
  const came = ({ target }) => {
    if (!target.closest("dialog")) held = { element: target, around: whereabouts(target) };
  };
  // Somebody who clicks beside everything wants it nowhere; a row that moves loses it for a moment.
  const left = ({ target }) => setTimeout(() => {
    if (held?.element === target && target.isConnected && !target.disabled && document.activeElement === document.body) held = null;
  });
  const look = (changes) => {
    const { element, around } = held ?? {};
    if (!element || element === main() || ![document.body, element].includes(document.activeElement)) return;
    if (element.isConnected && !element.disabled) {
      if (document.activeElement !== element && isMoved(element, changes)) element.focus({ preventScroll: true });
      return;
    }
    const next = element.isConnected ? (beside(element) ?? within(around)) : within(around);
    next?.focus({ preventScroll: true });
  };
  root.addEventListener("focusin", came);
  root.addEventListener("focusout", left);
  new MutationObserver(look).observe(root, { childList: true, subtree: true, attributeFilter: ["disabled"] });
}
