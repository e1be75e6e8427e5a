// What is to be mended: the Status says it with commands, and here the page where it is done stands instead.

import { html } from "./view.js";
import { withoutCommands } from "./format.js";

const RULE = /^Rule (\d+) of the workspace (\S+) cannot serve \((.*)\); mend it: mux-sidecar /;
const COMMAND = /^(.*?)(?:; [^;.]*:| [A-Z][^;.]*:) mux-sidecar (.*)$/;
const LAST = /^The last request failed /;
const DOWN = /^The provider .+ is down since /;
const NAMED = / -w (\S+)$/;

const rulesOf = (name) => ({ href: `#/workspaces/${encodeURIComponent(name)}`, label: `Rules of ${name}` });
const PROVIDERS = { href: "#/providers", label: "Providers" };

// {text, way} of one problem that is no broken rule's.
function ofOne(problem, workspace) {
  const [, text, command] = COMMAND.exec(problem) ?? [];
  if (command) {
    const way = command.startsWith("provider ") ? PROVIDERS : rulesOf(NAMED.exec(command)?.[1] ?? workspace);
    return { text: /[.!?]$/.test(text) ? text : `${text}.`, way };
  }
  if (DOWN.test(problem)) return { text: problem, way: PROVIDERS };
  return { text: withoutCommands(problem), way: LAST.test(problem) ? { href: "#/requests", label: "Requests" } : null };
}

function numbered(positions) {
  const all = [...positions].sort((one, other) => one - other);
  if (all.length === 1) return `Rule ${all[0]}`;
  return `Rules ${all.slice(0, -1).join(", ")} and ${all.at(-1)}`;
}

// [{text, way}]: rules that cannot serve for the same reason are one.
export function mended(problems, workspace) {
  const told = [];
  const broken = new Map();
  for (const problem of problems) {
    const [, position, name, reason] = RULE.exec(problem) ?? [];
    const same = position && broken.get(`${name} ${reason}`);
    if (same) same.positions.push(Number(position));
    else if (position) {
      const group = { positions: [Number(position)], name, reason, way: rulesOf(name) };
      broken.set(`${name} ${reason}`, group);
      told.push(group);
    } else told.push(ofOne(problem, workspace));
  }
  const first = ({ positions }) => (positions ? Math.min(...positions) : 0);
  told.sort((one, other) => (one.positions && other.positions ? first(one) - first(other) : 0));
  return told.map(({ text, way, positions, reason }) => ({
    text: text ?? `${numbered(positions)} cannot serve. ${reason.replace("this rule", positions.length > 1 ? "them" : "it")}`, way,
  }));
}

export function Problems({ problems, workspace }) {
  return html`<section class="card problems" aria-labelledby="problems" hidden=${problems.length === 0}>
    <h2 id="problems">To be mended</h2>
    <ul>${mended(problems, workspace).map(({ text, way }) => html`<li key=${text}>${text} ${way && html`<a href=${way.href}>${way.label}</a>`}</li>`)}</ul>
  </section>`;
}
