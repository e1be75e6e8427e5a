// The document that the user has before them.
import { Event, TabInputNotebookDiff, TabInputTextDiff, Uri, window } from "vscode";
import { SCHEME } from "./pages";

let latest: Uri | undefined;

/** The file in view, or what was in view before one of our own pages; undefined where there is none. */
export function document(): Uri | undefined {
  const input = window.tabGroups.activeTabGroup.activeTab?.input;
  const uri =
    input instanceof TabInputTextDiff || input instanceof TabInputNotebookDiff
      ? input.modified
      : (input as { uri?: Uri } | undefined)?.uri;
  if (uri?.scheme !== SCHEME) {
    latest = uri;
  }
  return latest;
}

/** What may mean that another document is in view. */
export const MOVES: Event<unknown>[] = [
  window.onDidChangeActiveTextEditor,
  window.tabGroups.onDidChangeTabs,
  window.tabGroups.onDidChangeTabGroups,
];
