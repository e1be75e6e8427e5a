// Questions to the user, by the editor's own pickers.
import { QuickPickItem, QuickPickItemKind, ThemeIcon, window } from "vscode";
import { Model, Provider, Workspace } from "./protocol";
import { Sidecar } from "./sidecar";

/** An item that stands for a value. */
export interface Choice<T> extends QuickPickItem {
  value: T;
}

export async function choose<T>(items: QuickPickItem[], title: string, placeHolder: string): Promise<T | undefined> {
  const options = { title, placeHolder, matchOnDescription: true, matchOnDetail: true };
  return ((await window.showQuickPick(items, options)) as Choice<T> | undefined)?.value;
}

export async function workspace(sidecar: Sidecar, title: string): Promise<string | undefined> {
  const found = await sidecar.request<Workspace[]>("mux/workspace/list");
  const items: Choice<string>[] = found.map((each) => ({
    label: each.name,
    iconPath: new ThemeIcon(each.active ? "check" : "blank"),
    description: [each.default ?? "no model for everything", each.active ? "active" : ""].filter(Boolean).join(" · "),
    value: each.name,
  }));
  return choose(items, title, "Workspace");
}

/** A stranger's text as a label: `$(…)` in it is no icon. */
export function plain(text: string): string {
  return text.replace(/\$\(/g, "\\$(");
}

/** Models as a picker shows it, those of a provider below its name. */
export function grouped(models: Model[]): QuickPickItem[] {
  const items: QuickPickItem[] = [];
  let provider: string | undefined;
  for (const model of models) {
    if (model.provider !== provider) {
      provider = model.provider;
      items.push({ label: provider, kind: QuickPickItemKind.Separator });
    }
    const window = model.contextWindow ? `${Math.round(model.contextWindow / 1000)}k context` : "";
    const description = [model.provider, window, model.gone ? "gone" : ""].filter(Boolean).join(" · ");
    items.push({ label: plain(model.name), description, value: model } as Choice<Model>);
  }
  return items;
}

export async function model(sidecar: Sidecar, title: string): Promise<Model | undefined> {
  const found = await sidecar.request<Model[]>("mux/model/list");
  if (found.length === 0) {
    throw new Error("There are no models yet. Add a provider with the command Mux: Add Provider.");
  }
  return choose(grouped(found), title, "Model");
}

/** The names of one provider, or of all; none where the user leaves. */
export async function providers(sidecar: Sidecar, title: string): Promise<string[]> {
  const found = await sidecar.request<Provider[]>("mux/provider/list");
  if (found.length === 0) {
    throw new Error("There are no providers yet. Add one with the command Mux: Add Provider.");
  }
  const names = found.map((each) => each.name);
  const all: Choice<string[]> = { label: "All providers", value: names };
  const each = found.map(({ name, models }) => ({ label: name, description: `${models} models`, value: [name] }));
  return names.length === 1 ? names : ((await choose<string[]>([all, ...each], title, "Provider")) ?? []);
}
