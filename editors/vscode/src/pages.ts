// What is to be read at leisure: pages that cannot be edited and are never saved.
import { Disposable, TextDocumentContentProvider, Uri, languages, window, workspace } from "vscode";

export const SCHEME = "mux-sidecar";

class Pages implements TextDocumentContentProvider {
  private readonly texts = new Map<string, string>();

  provideTextDocumentContent(uri: Uri): string {
    return this.texts.get(uri.path) ?? "This page is gone.";
  }

  put(path: string, text: string): Uri {
    this.texts.set(path, text);
    return Uri.from({ scheme: SCHEME, path, query: String(Date.now()) });
  }
}

const pages = new Pages();

export function registerPages(): Disposable {
  return workspace.registerTextDocumentContentProvider(SCHEME, pages);
}

/** Shows a page in an editor, in place of a page that was only looked at. */
export async function show(title: string, text: string, language = "plaintext"): Promise<void> {
  const page = await workspace.openTextDocument(pages.put(title, text));
  await window.showTextDocument(await languages.setTextDocumentLanguage(page, language), { preview: true });
}
