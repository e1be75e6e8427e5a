// What is typed of a provider, and the parameters that it becomes.

import { lines } from "./format.js";

export const TIMEOUTS = { connect: "Connect", firstByte: "First byte", idle: "Between bytes" };

// A new provider of a type, with what its type brings.
export function blank(type, taken) {
  return { ...ofType(type, taken), description: "", key: "", variable: "", models: "", headers: [], timeouts: {}, offline: false };
}

// The form with another type; a name that was typed stays.
export function retyped(form, type, taken) {
  const name = form.name === free(form.type, taken) ? free(type.type, taken) : form.name;
  return { ...form, ...ofType(type, taken), name };
}

function ofType(type, taken) {
  return { type: type.type, name: free(type.type, taken), endpoint: type.defaultEndpoint, auth: authOf(type.auth) };
}

const authOf = (auth, source) => (auth === "none" ? "none" : source?.startsWith("env:") ? "variable" : "key");

function free(name, taken) {
  const used = new Set(taken.map((each) => each.name.toLowerCase()));
  const names = [name, ...taken.map((_, index) => `${name}-${index + 2}`)];
  return names.find((each) => !used.has(each)) ?? name;
}

// A provider that there is; its key and its headers' values are not known here.
export function stated(provider, byHand) {
  const { name, type, endpoint, description, auth, keySource, headers, timeouts } = provider;
  return {
    name, type, endpoint, description, key: "", offline: false,
    auth: authOf(auth, keySource),
    variable: keySource?.startsWith("env:") ? keySource.slice(4) : "",
    models: byHand.join("\n"),
    headers: headers.map((each) => ({ name: each, value: "", isKept: true })),
    timeouts: Object.fromEntries(Object.entries(timeouts).map(([each, seconds]) => [each, String(seconds)])),
  };
}

const headersOf = (headers) => Object.fromEntries(headers.filter((each) => each.name.trim()).map((each) => [each.name.trim(), each.value]));
const timeoutsOf = (timeouts) => Object.fromEntries(Object.entries(timeouts).filter(([, seconds]) => seconds !== "").map(([name, seconds]) => [name, Number(seconds)]));

function keyOf({ auth, key, variable }) {
  if (auth === "none") return { auth: "none" };
  return { auth: "api_key", ...(auth === "variable" ? { apiKeyEnv: variable } : key && { apiKey: key }) };
}

// The parameters of mux/provider/add.
export function added(form) {
  return {
    name: form.name, type: form.type, endpoint: form.endpoint, description: form.description, ...keyOf(form),
    models: lines(form.models), headers: headersOf(form.headers), timeouts: timeoutsOf(form.timeouts), offline: form.offline,
  };
}

// The parameters of mux/provider/update: what is another than before.
export function changed(before, form) {
  const isOther = (part) => JSON.stringify(part(before)) !== JSON.stringify(part(form));
  const changes = { name: before.name, offline: form.offline };
  if (form.name !== before.name) changes.newName = form.name;
  for (const each of ["type", "endpoint", "description"]) if (form[each] !== before[each]) changes[each] = form[each];
  if (isOther(keyOf)) Object.assign(changes, keyOf(form));
  if (isOther((each) => lines(each.models))) changes.models = lines(form.models);
  if (isOther((each) => headersOf(each.headers))) changes.headers = headersOf(form.headers);
  if (isOther((each) => timeoutsOf(each.timeouts))) changes.timeouts = timeoutsOf(form.timeouts);
  return changes;
}

// Whether the endpoint is on another host than before, to which a stored key does not go unasked.
export function isElsewhere(before, form) {
  const of = (text) => {
    const whole = text.includes("://") ? text : `//${text}`; // a host and port will do
    return URL.canParse(whole, location.href) ? new URL(whole, location.href).host : "";
  };
  return of(before.endpoint) !== of(form.endpoint);
}

// The parameter that an error is about, where the sidecar names none: a key that is wanted again, or at all.
export function fieldOf(form) {
  if (form.auth === "variable") return "apiKeyEnv";
  return form.auth === "key" && !form.key ? "apiKey" : "headers";
}

// Whether a timeout is the default again, which the sidecar knows by resetting them all.
export const isReset = (before, form) => Object.keys(timeoutsOf(before.timeouts)).some((name) => !(name in timeoutsOf(form.timeouts)));
