// The variable by which OpenAI's clients in integrated terminals find the mux, where it is asked for.
import { ExtensionContext } from "vscode";
import { Status } from "./protocol";
import { read } from "./settings";

const VARIABLE = "OPENAI_BASE_URL";

/** The URL for this folder's clients: of its own workspace where it has one, else of whichever is active. */
export function endpoint(status: Status): string {
  const { workspace } = read().options;
  return workspace ? `${status.endpoint.url}/w/${encodeURIComponent(workspace)}` : status.endpoint.url;
}

export function equip(context: ExtensionContext, status: Status | undefined): void {
  const variables = context.environmentVariableCollection;
  variables.description = "Points OpenAI clients to mux-sidecar (setting `muxSidecar.terminal`).";
  if (!read().terminal) {
    variables.clear();
  } else if (status && variables.get(VARIABLE)?.value !== endpoint(status)) {
    variables.replace(VARIABLE, endpoint(status));
  }
}
