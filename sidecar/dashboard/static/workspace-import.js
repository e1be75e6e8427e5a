// A workspace is imported, from a file or from pasted text: under a name that is free, or in place of another one's rules.

import { html, useEffect, useRef, useState } from "./view.js";
import { FormDialog } from "./dialog.js";
import { count, modelOf, plural } from "./format.js";
import { useAction, useFresh } from "./fresh.js";
import { Field, Files, Trouble } from "./parts.js";
import { download, parsed } from "./workspace-file.js";

const ALREADY_EXISTS = 1002;
const LONGEST_NAME = 64;
const FEW = 5; // rules that are named

export function Import({ rpc, onClose, onDone }) {
  const [text, setText] = useState("");
  const [name, setName] = useState("");
  const [taken, setTaken] = useState(null); // {name, scope} of what was to be imported, where there is one of that name
  const latest = useRef(0);
  const read = async (event) => {
    const [file] = event.target.files;
    const mine = ++latest.current;
    const found = file ? await file.text() : "";
    if (mine === latest.current) setText(found);
  };
  const act = async (signal, otherwise) => {
    const params = { document: parsed(text), name: name.trim() || null, ...otherwise };
    const made = await rpc.call("mux/workspace/import", params, signal).catch((error) => {
      if (error.code !== ALREADY_EXISTS) throw error;
      setTaken({ name: params.name ?? params.document.name, scope: params.document.scope });
      throw Object.assign(error, { data: { ...error.data, field: "name" } });
    });
    await onDone(made);
  };
  return html`<${FormDialog} title="Import a workspace" yes="Import" act=${act} onClose=${onClose}>${(wrong, clear, send) => {
    const anew = (change) => (event) => {
      clear();
      setTaken(null);
      change(event);
    };
    const refused = wrong("name");
    return html`<${Field} label="File" hint="As Export made it, here or elsewhere."><input type="file" accept=".json,application/json" onChange=${anew(read)} /><//>
      <${Field} label="Or paste its text" error=${wrong("document")}><textarea rows="4" class="filter" required spellcheck=${false} value=${text} onInput=${anew((event) => setText(event.target.value))}></textarea><//>
      <${Field} label="Name" hint="Leave it empty for the name in the file." error=${taken ? `There is a workspace ${taken.name} already.` : refused}>
        <input type="text" value=${name} autocomplete="off" autocapitalize="off" spellcheck=${false} onInput=${anew((event) => setName(event.target.value))} /><//>
      ${taken && html`<${Taken} key=${taken.name} rpc=${rpc} ...${taken} onReplace=${() => send({ replace: true })} onOther=${(other) => send({ name: other })} />`}`;
  }}<//>`;
}

const isNamed = (name) => (each) => each.name.toLowerCase() === name.toLowerCase();

// The first of name-2, name-3 … that there is not.
function freeName(name, all) {
  for (let number = 2; ; number += 1) {
    const end = `-${number}`;
    const free = `${name.slice(0, LONGEST_NAME - end.length)}${end}`;
    if (!all.some(isNamed(free))) return free;
  }
}

// What replacing loses, and the ways on, for as long as there is a workspace of that name.
function Taken({ rpc, name, scope, onReplace, onOther }) {
  const read = async () => {
    const all = await rpc.call("mux/workspace/list");
    const workspace = all.find(isNamed(name));
    return { all, workspace, rules: workspace ? await rpc.call("mux/rule/list", { workspace: workspace.name }) : [] };
  };
  const { value, error: unread } = useFresh(rpc, read, ["workspaces", "rules"]);
  const { run, error } = useAction();
  const place = useRef(null);
  useEffect(() => place.current?.scrollIntoView({ block: "nearest" }), [Boolean(value)]);
  if (!value?.workspace) return html`<${Trouble} error=${unread} />`;
  const { all, workspace, rules } = value;
  const other = freeName(workspace.name, all);
  const isOther = workspace.scope !== (scope === "conversation" ? scope : "turn");
  return html`<div class="conflict" ref=${place} role="group" aria-label="Replace it, or import under another name">
    <p>Replacing loses its ${plural(rules.length, "rule")}${isOther && ", and which files count"}:</p>
    <ul>${rules.slice(0, FEW).map((rule) => html`<li key=${rule.position}><${Files} filter=${rule.filter} /> → <span class="model">${modelOf(rule)}</span></li>`)}
      ${rules.length > FEW && html`<li>${count(rules.length - FEW)} more</li>`}
      ${isOther && html`<li>files ${workspace.scope === "turn" ? "of the current turn" : "of the whole conversation"}</li>`}</ul>
    <p>${workspace.active && "It is active: the next request goes by the new rules. "}This cannot be undone; an export can be imported again.</p>
    <${Trouble} error=${error} />
    <p class="ways"><button type="button" onClick=${() => run(() => download(rpc, workspace.name))}>Export it first</button>
      <button type="button" onClick=${() => onOther(other)}>Import as ${other}</button>
      <button type="button" class="danger" onClick=${onReplace}>Replace its ${plural(rules.length, "rule")}</button></p>
  </div>`;
}
