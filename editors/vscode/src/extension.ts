import { ExtensionContext, window, workspace } from "vscode";
import { register } from "./commands";
import { mend } from "./install";
import { registerPages } from "./pages";
import { SECTION } from "./settings";
import { Sidecar } from "./sidecar";
import { StatusItem } from "./status";
import { equip } from "./terminals";

let sidecar: Sidecar | undefined;

export function activate(context: ExtensionContext): void {
  const output = window.createOutputChannel("mux-sidecar", { log: true });
  const running = (sidecar = new Sidecar(output));
  const item = new StatusItem(running, (status) => equip(context, status));
  running.onDidFail((trouble) => void mend(trouble, running));
  context.subscriptions.push(
    output,
    running,
    item,
    registerPages(),
    ...register({ sidecar: running, item, output }),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration(`${SECTION}.command`)) {
        void running.restart();
      } else if (change.affectsConfiguration(SECTION)) {
        void running.configure();
        equip(context, item.status);
      }
    }),
  );
  equip(context, undefined);
  void running.restart();
}

export async function deactivate(): Promise<void> {
  await sidecar?.stop();
}
