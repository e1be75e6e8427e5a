// What is to be mended, and the page where that is done.

import { html } from "./view.js";
import { withoutCommands } from "./format.js";

const workspaces = () => ({ href: "#/workspaces", label: "Workspaces" });
const rules = ({ workspace }) => ({ href: `#/workspaces/${encodeURIComponent(workspace)}`, label: `Rules of ${workspace}` });
const providers = () => ({ href: "#/providers", label: "Providers" });
const provider = ({ provider: name }) => ({ href: `#/providers/${encodeURIComponent(name)}`, label: `Manage ${name}` });
const request = ({ request: id }) => ({ href: `#/requests/${id}`, label: "Show the request" });

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

export function Problems({ details }) {
  return html`<section class="card problems" aria-labelledby="problems" hidden=${details.length === 0}>
    <h2 id="problems">To be mended</h2>
    <ul>${mended(details).map(({ text, way }) => html`<li key=${text}>${text} ${way && html`<a href=${way.href}>${way.label}</a>`}</li>`)}</ul>
  </section>`;
}
