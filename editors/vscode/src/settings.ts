import { workspace } from "vscode";

export const SECTION = "muxSidecar";
export const DEFAULT_COMMAND = "mux-sidecar";

export interface Settings {
  command: string;
  terminal: boolean;
  /** What the sidecar takes as `initializationOptions` and as live configuration. */
  options: { port?: number; workspace?: string };
}

/** The settings that hold. In a folder that is not trusted its own do not: see `restrictedConfigurations`. */
export function read(): Settings {
  const found = workspace.getConfiguration(SECTION);
  const port = found.get<number | null>("port");
  const name = found.get<string>("workspace");
  return {
    command: found.get<string>("command")?.trim() || DEFAULT_COMMAND,
    terminal: found.get<boolean>("terminal") === true,
    options: { ...(port ? { port } : {}), ...(name ? { workspace: name } : {}) },
  };
}
