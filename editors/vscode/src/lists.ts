// What is listed: models, requests, checks, and why a model answers for a file.
import { CancellationToken, ProgressLocation, QuickPickItem, ThemeIcon, env, window, workspace } from "vscode";
import { choose, Choice, grouped, plain } from "./ask";
import { show } from "./pages";
import { Check, Explanation, Model, Request } from "./protocol";
import { read } from "./settings";
import { Sidecar } from "./sidecar";
import { document } from "./view";

const SHOWN = 50;

/** Shows that something takes its time, and lets the user cancel it. */
export async function busy<T>(title: string, task: (token: CancellationToken) => Promise<T>): Promise<T> {
  const options = { location: ProgressLocation.Notification, title: `Mux: ${title}`, cancellable: true };
  return window.withProgress(options, (_, token) => task(token));
}

export async function models(sidecar: Sidecar): Promise<void> {
  const found = await sidecar.request<Model[]>("mux/model/list");
  if (found.length === 0) {
    throw new Error("There are no models yet. Add a provider with the command Mux: Add Provider.");
  }
  const chosen = await choose<Model>(grouped(found), "Models", "Choose one to copy its name");
  if (chosen) {
    await copy(`${chosen.provider}/${chosen.name}`);
  }
}

export async function copy(text: string): Promise<void> {
  await env.clipboard.writeText(text);
  window.setStatusBarMessage(`Copied ${text}`, 5_000);
}

export async function explain(sidecar: Sidecar): Promise<void> {
  const uri = document();
  const files = uri ? [workspace.asRelativePath(uri, false)] : [];
  const { workspace: name } = read().options;
  const given = { files, ...(name ? { workspace: name } : {}) };
  const { route, considered, broken } = await sidecar.request<Explanation>("mux/route/explain", given);
  if (considered.length === 0) {
    throw new Error("There are no rules yet. Choose a model with the command Mux: Use Another Model for Everything Else.");
  }
  const items: QuickPickItem[] = considered.map((each) => ({
    label: `${each.position}. ${plain(each.filter) || "everything else"}`,
    iconPath: new ThemeIcon(!each.matched ? "blank" : broken ? "warning" : "check"),
    detail: plain(each.matched && broken ? `${each.why}. ${broken}` : each.why),
  }));
  const model = route ? `${route.provider}/${route.model}` : "no model";
  await choose(
    items,
    `Why ${model} ${broken ? "is to answer, and cannot," : "answers"} for ${uri ? "this file" : "no file"}`,
    "Rules, in the order in which they are tried",
  );
}

export async function requests(sidecar: Sidecar): Promise<void> {
  const found = await sidecar.request<Request[]>("mux/request/list", { limit: SHOWN });
  if (found.length === 0) {
    void window.showInformationMessage("There are no requests yet.");
    return;
  }
  const chosen = await choose<Request>(found.map(row), "Last requests", "Choose one to read all of it");
  if (chosen) {
    const kept = await sidecar.request<object>("mux/request/show", { id: chosen.id });
    await show(`${chosen.id}.json`, JSON.stringify(kept, undefined, 2), "json");
  }
}

function row(each: Request): Choice<Request> {
  const model = each.provider ? `${each.provider}/${each.model}` : "no model";
  const tokens = each.inputTokens === undefined ? "" : `${each.inputTokens} → ${each.outputTokens ?? 0} tokens`;
  const cost = each.cost === undefined ? "" : `$${each.cost.toFixed(4)}`;
  const facts = [new Date(each.startedAt).toLocaleTimeString(), tokens, cost, each.files.join(" ")];
  return {
    label: plain(model),
    iconPath: new ThemeIcon(each.outcome === "ok" ? "pass" : "error"),
    description: plain(facts.filter(Boolean).join(" · ")),
    detail: plain(each.error ?? each.title),
    value: each,
  };
}

export async function doctor(sidecar: Sidecar): Promise<void> {
  const found = await busy("Looking at everything that a request needs…", (token) =>
    sidecar.request<Check[]>("mux/doctor", {}, token),
  );
  const lines = found.map((each) => {
    const mend = each.mend ? `\n  ${" ".repeat(4)}${each.mend}` : "";
    const mark = each.ok ? (each.mend ? "!" : "✓") : "✗";
    return `${mark} ${each.check}: ${each.detail}${mend}`;
  });
  await show("Mux doctor", lines.join("\n"));
}
