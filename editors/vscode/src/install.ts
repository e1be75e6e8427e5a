// The sidecar could not be started: what the user can do about it.
import { commands, env, window } from "vscode";
import { find } from "./program";
import { DEFAULT_COMMAND, read, SECTION } from "./settings";
import { Sidecar, Trouble } from "./sidecar";

const ROUND = 2_000; // milliseconds between two looks for a program that is being installed
const ROUNDS = 300;

/** Says what is wrong, and does what the user chooses. */
export async function mend(trouble: Trouble, sidecar: Sidecar): Promise<void> {
  if (trouble.kind === "stopped") {
    const chosen = await window.showErrorMessage(trouble.advice, "Try Again", "Show Output");
    return chosen ? act(chosen === "Try Again" ? "restart" : "showOutput") : undefined;
  }
  const isNamed = read().command !== DEFAULT_COMMAND;
  const installer = (await find("pipx")) || !(await find("uv")) ? "pipx install" : "uv tool install";
  const install = `${installer} mux-sidecar`;
  const advice = isNamed
    ? `${trouble.advice} Correct the setting ${SECTION}.command.`
    : `${trouble.advice} Install it: ${install} (of a checkout or wheel: ${installer} PATH), or name the program in the setting ${SECTION}.command.`;
  const choices = isNamed ? ["Open Settings", "Try Again"] : ["Install in Terminal", "Copy Command", "Open Settings"];
  switch (await window.showWarningMessage(advice, ...choices)) {
    case "Install in Terminal": {
      const terminal = window.createTerminal("Install mux-sidecar");
      terminal.show();
      terminal.sendText(install);
      return awaitProgram(sidecar);
    }
    case "Copy Command":
      await env.clipboard.writeText(install);
      return awaitProgram(sidecar);
    case "Open Settings":
      return void commands.executeCommand("workbench.action.openSettings", `${SECTION}.command`);
    case "Try Again":
      return act("restart");
  }
}

function act(name: string): void {
  void commands.executeCommand(`${SECTION}.${name}`);
}

/** Starts the sidecar as soon as it is there. */
async function awaitProgram(sidecar: Sidecar): Promise<void> {
  for (let round = 0; round < ROUNDS && sidecar.trouble?.kind === "absent"; round++) {
    if (await find(read().command)) {
      return sidecar.restart();
    }
    await new Promise((done) => setTimeout(done, ROUND));
  }
}
