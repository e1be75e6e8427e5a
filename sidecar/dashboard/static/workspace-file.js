// A workspace as a file: exported, and read again.

import { LONGEST } from "./format.js";

// Has the browser save the export of a workspace. Throws CallError.
export async function download(rpc, name, signal = null) {
  const document = await rpc.call("mux/workspace/export", { name }, signal);
  save(`${name}.json`, JSON.stringify(document, null, 2));
}

function save(name, text) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([`${text}\n`], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

// The exported workspace that a text is. Throws an error about the field `document` where it is none.
export function parsed(text) {
  try {
    if (text.length > LONGEST) throw new RangeError();
    const document = JSON.parse(text);
    if (document && typeof document === "object" && !Array.isArray(document)) return document;
  } catch {
    // told below
  }
  throw Object.assign(new Error("This is not an exported workspace: it is no JSON object. Export one, or paste the whole file."), { data: { field: "document" } });
}
