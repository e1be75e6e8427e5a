// What is to be mended, and the page where that is done.

import { html, useLayoutEffect, useRef, useState } from "./view.js";
import { providerAt, requestAt, workspaceAt } from "./addresses.js";
import { withoutCommands } from "./format.js";

const workspaces = () => ({ href: "#/workspaces", label: "Workspaces" });
const rules = ({ workspace }) => ({ href: workspaceAt(workspace), label: `Rules of ${workspace}` });
const providers = () => ({ href: "#/providers", label: "Providers" });
const provider = ({ provider: name }) => ({ href: providerAt(name), label: `Manage ${name}` });
const request = ({ request: id }) => ({ href: requestAt(id), label: "Show the request" });

// By the problem's kind; what is to be mended elsewhere has none.
const WAYS = {
  noWorkspace: workspaces,
  noProvider: providers,
  noRule: rules,
  noDefault: rules,
  brokenRule: rules,
  missingKey: provider,
  providerDown: providers,
  modelsFailed: providers,
  lastRequestFailed: request,
};

function numbered(positions) {
  const all = [...positions].sort((one, other) => one - other);
  if (all.length === 1) return `Rule ${all[0]}`;
  return `Rules ${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

// [{text, way}]: rules of a workspace that cannot serve for the same reason are one.
export function mended(details) {
  const told = new Map();
  for (const problem of details) {
    const key = problem.kind === "brokenRule" ? JSON.stringify([problem.workspace, problem.reason]) : problem;
    const { positions } = told.get(key) ?? { positions: [] };
    told.set(key, { problem, positions: [...positions, problem.position] });
  }
  return [...told.values()].map(({ problem, positions }) => ({
    text: problem.reason ? `${numbered(positions)} cannot serve. ${problem.reason}` : withoutCommands(problem.detail),
    way: WAYS[problem.kind]?.(problem),
  }));
}

// Nothing below it moves while trouble comes and goes: it keeps the room that it had when the page was opened, a line at
// least, until somebody asks for more. What has no room for all of it shows a line of each.
export function Problems({ details }) {
  const list = useRef(null);
  const room = useRef(null); // pixels
  const [isCut, setCut] = useState(false);
  const measure = () => {
    const { classList, style } = list.current;
    classList.remove("cut");
    style.height = "";
    const wanted = list.current.offsetHeight;
    room.current ??= wanted;
    style.height = `${room.current}px`;
    setCut(classList.toggle("cut", wanted > room.current));
  };
  const anew = () => {
    room.current = null;
    measure();
  };
  useLayoutEffect(measure);
  useLayoutEffect(() => {
    addEventListener("resize", anew);
    return () => removeEventListener("resize", anew);
  }, []);
  const all = mended(details);
  const isWell = all.length === 0;
  return html`<section class=${`card problems ${isWell ? "none" : ""}`} aria-labelledby=${isWell ? undefined : "problems"}>
    <h2 id="problems">To be mended</h2>
    <ul ref=${list}>${isWell ? html`<li>Nothing.</li>`
      : all.map(({ text, way }) => html`<li key=${text}>${text} ${way && html`<a href=${way.href}>${way.label}</a>`}</li>`)}</ul>
    ${isCut && html`<button type="button" class="copy" onClick=${anew}>Show ${all.length === 1 ? "it" : `all ${all.length}`}</button>`}
  </section>`;
}
