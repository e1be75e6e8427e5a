// Numbers, times and names as they are shown and read.

export const count = (number) => (number ?? 0).toLocaleString();
export const plural = (number, one, many = `${one}s`) => `${count(number)} ${number === 1 ? one : many}`;
export const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
export const LONGEST = 2000000; // characters that are sent at once, well within what one message may hold
export const percent = (part, whole) => (whole > 0 ? (100 * part) / whole : 0);

export function money(cost) {
  if (cost === undefined || cost === null) return "–";
  if (cost === 0) return "$0";
  return `$${cost.toFixed(cost < 0.1 ? 4 : 2)}`;
}

export function milliseconds(time) {
  if (time === undefined || time === null) return "–";
  if (time < 10) return `${time.toFixed(1)} ms`;
  return time < 1000 ? `${Math.round(time)} ms` : `${(time / 1000).toFixed(time < 10000 ? 2 : 1)} s`;
}

export function today() {
  const now = new Date();
  const two = (number) => String(number).padStart(2, "0");
  return `${now.getFullYear()}-${two(now.getMonth() + 1)}-${two(now.getDate())}`;
}

export const clock = (text) => new Date(text).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });

// The date, nothing where it is today's.
export function otherDay(text) {
  const then = new Date(text);
  return then.toDateString() === new Date().toDateString() ? "" : then.toLocaleDateString([], { month: "short", day: "numeric" });
}

export const moment = (text) => `${otherDay(text)} ${clock(text)}`.trim();

// What the sidecar says, without the command or parameter that it ends with: here there are fields and links for that.
export const withoutCommands = (message) => message?.replace(/; [^;]*(?:mux-sidecar |--[a-z]|\bapiKey|`offline`).*$/s, ".").replace(/ To see [^.]*: mux-sidecar .*$/s, "");

export const modelOf = ({ provider, model }) => (provider ? `${provider}/${model}` : "no model");
export const filterOf = (filter) => filter || "everything else";
export const KINDS = { any: "chat and completion", chat: "chat", fim: "completion", embed: "embeddings" };
export const OUTCOMES = { ok: "ok", error: "failed", cancelled: "cancelled", truncated: "cut off" };
