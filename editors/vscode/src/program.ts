import { access, constants, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, isAbsolute, join } from "node:path";

const ENDINGS = process.platform === "win32" ? [".exe", ""] : [""];

/** Where pipx and uv put programs; an editor that was started from a dock may not have it on its PATH. */
const USUAL = join(homedir(), ".local", "bin");

/** The whole path of a program, which is named or is a path (`~/` for the home), if it can be run. */
export async function find(command: string): Promise<string | undefined> {
  const named = command.replace(/^~(?=[\\/])/, homedir());
  const folders = isAbsolute(named) ? [""] : [...(process.env["PATH"] ?? "").split(delimiter).filter(Boolean), USUAL];
  for (const folder of folders) {
    for (const ending of ENDINGS) {
      const path = join(folder, named + ending);
      if (await canRun(path)) {
        return path;
      }
    }
  }
  return undefined;
}

async function canRun(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
