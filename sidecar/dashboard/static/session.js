// Who is signed in: the session's token, kept by this tab alone.

import { withoutCommands } from "./format.js";

const KEY = "mux-sidecar-session";

export const held = () => sessionStorage.getItem(KEY);
export const forget = () => sessionStorage.removeItem(KEY);
export const linked = () => new URLSearchParams(location.hash.slice(1)).get("code");

// Trades the code of the link for a session. The code leaves the address before anything else happens.
export async function signIn() {
  const code = linked();
  if (!code) return held();
  history.replaceState(null, "", location.pathname);
  const answer = await fetch("/rpc/session", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ code }),
  });
  const told = await answer.json();
  if (answer.ok) sessionStorage.setItem(KEY, told.token);
  else if (!held()) throw new Error(withoutCommands(told.error.message));
  return held();
}
