// The commands: each asks for what it needs, and leaves the doing to the sidecar.
import { Disposable, LogOutputChannel, Uri, commands, env, window } from "vscode";
import { LSPErrorCodes, ResponseError } from "vscode-languageclient/node";
import * as ask from "./ask";
import * as lists from "./lists";
import { Provider } from "./protocol";
import * as provider from "./provider";
import { SECTION } from "./settings";
import { said, Sidecar } from "./sidecar";
import { StatusItem } from "./status";
import { endpoint } from "./terminals";
import { document } from "./view";

interface Mux {
  sidecar: Sidecar;
  item: StatusItem;
  output: LogOutputChannel;
}

const COMMANDS: Record<string, (mux: Mux) => unknown> = {
  switchWorkspace,
  addRule,
  setDefaultModel,
  listModels: ({ sidecar }) => lists.models(sidecar),
  refreshModels,
  addProvider,
  explainFile: ({ sidecar }) => lists.explain(sidecar),
  showRequests: ({ sidecar }) => lists.requests(sidecar),
  openDashboard,
  runDoctor: ({ sidecar }) => lists.doctor(sidecar),
  addWorkspace,
  removeWorkspace: ({ sidecar }) => sidecar.execute("mux.removeWorkspace"),
  removeRule: ({ sidecar }) => sidecar.execute("mux.removeRule"),
  removeProvider: ({ sidecar }) => sidecar.execute("mux.removeProvider"),
  restart: ({ sidecar }) => sidecar.restart(),
  showOutput: ({ output }) => output.show(),
  copyEndpoint,
};

/** Registers them; an error of one is shown, with the way to what was said before it. */
export function register(mux: Mux): Disposable[] {
  return Object.entries(COMMANDS).map(([name, run]) =>
    commands.registerCommand(`${SECTION}.${name}`, async () => {
      try {
        await run(mux);
      } catch (error) {
        await tell(error, mux);
      }
    }),
  );
}

async function tell(error: unknown, { sidecar, output }: Mux): Promise<void> {
  if (error instanceof ResponseError && error.code === LSPErrorCodes.RequestCancelled) {
    return;
  }
  const remedy = sidecar.trouble ? "Restart" : "Show Output";
  const chosen = await window.showErrorMessage(said(error), remedy);
  if (chosen === "Restart") {
    await sidecar.restart();
  } else if (chosen) {
    output.show();
  }
}

async function switchWorkspace({ sidecar }: Mux): Promise<void> {
  const name = await ask.workspace(sidecar, "Switch workspace");
  if (name) {
    await sidecar.request("mux/workspace/switch", { name });
  }
}

async function addRule({ sidecar }: Mux): Promise<void> {
  const uri = document();
  if (!uri) {
    throw new Error("There is no file in view. Open one of the files that the rule is to be for.");
  }
  const model = await ask.model(sidecar, `Which model is to answer for files like ${uri.path.replace(/.*\//, "")}?`);
  if (model) {
    await sidecar.execute("mux.addRule", { uri: uri.toString(), provider: model.provider, model: model.name });
  }
}

async function setDefaultModel({ sidecar }: Mux): Promise<void> {
  const model = await ask.model(sidecar, "Which model is to answer for everything else?");
  if (model) {
    await sidecar.execute("mux.addRule", { filter: "", provider: model.provider, model: model.name });
  }
}

async function refreshModels({ sidecar }: Mux): Promise<void> {
  const names = await ask.providers(sidecar, "Fetch the models of which provider?");
  const fetched = await lists.busy("Fetching the models…", (token) =>
    Promise.allSettled(names.map((name) => sidecar.request<Provider>("mux/provider/refresh", { name }, token))),
  );
  const lines = fetched.map((each) => (each.status === "fulfilled" ? counted(each.value) : said(each.reason)));
  const tell = fetched.some((each) => each.status === "rejected")
    ? window.showWarningMessage
    : window.showInformationMessage;
  void (lines.length > 0 && tell(lines.join(" ")));
}

function counted(provider: Provider): string {
  return `${provider.name} has ${provider.models} model${provider.models === 1 ? "" : "s"}.`;
}

async function addProvider(mux: Mux): Promise<void> {
  const added: Provider | undefined = await provider.add(mux.sidecar);
  if (added) {
    const use = "Use for Everything Else…";
    if ((await window.showInformationMessage(`Added. ${counted(added)}`, use)) === use) {
      await setDefaultModel(mux);
    }
  }
}

async function addWorkspace({ sidecar }: Mux): Promise<void> {
  const name = await window.showInputBox({ title: "Add a workspace", prompt: "Its name" });
  if (name) {
    await sidecar.execute("mux.addWorkspace", { name });
  }
}

async function openDashboard({ sidecar }: Mux): Promise<void> {
  const { url } = await sidecar.request<{ url: string }>("mux/dashboard/url");
  if (!(await env.openExternal(await env.asExternalUri(Uri.parse(url))))) {
    throw new Error(`The dashboard is at ${url} (good once, for a minute).`);
  }
}

async function copyEndpoint({ item }: Mux): Promise<void> {
  if (!item.status) {
    throw new Error("mux-sidecar does not run yet.");
  }
  await lists.copy(endpoint(item.status));
}
