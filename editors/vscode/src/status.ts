// The item in the status bar: what serves the document in view.
import { Disposable, MarkdownString, StatusBarAlignment, StatusBarItem, ThemeColor, Uri, window } from "vscode";
import { plain } from "./ask";
import { Status } from "./protocol";
import { Sidecar, Trouble } from "./sidecar";
import { document, MOVES } from "./view";

const COLOURS: Partial<Record<Status["kind"], string>> = {
  warning: "statusBarItem.warningBackground",
  error: "statusBarItem.errorBackground",
};
const LINKS = {
  switchWorkspace: "Switch",
  addRule: "Add rule",
  showRequests: "Requests",
  openDashboard: "Dashboard",
  runDoctor: "Doctor",
};
const COLUMN = /^(\S.*?)  +(.*)$/;

export class StatusItem implements Disposable {
  /** What was told last; undefined while the sidecar does not run. */
  status: Status | undefined;
  private readonly item: StatusBarItem;
  private readonly subscriptions: Disposable[];
  private asked = 0;

  constructor(
    private readonly sidecar: Sidecar,
    private readonly onStatus: (status: Status) => void,
  ) {
    this.item = window.createStatusBarItem("muxSidecar.status", StatusBarAlignment.Right, 100);
    this.item.name = "Mux";
    this.subscriptions = [sidecar.onDidChange, ...MOVES].map((event) => event(() => void this.refresh()));
    this.item.text = icon("loading~spin", "mux-sidecar");
    this.item.show();
  }

  /** Asks for the Status of the document in view, and shows it unless another was asked for meanwhile. */
  async refresh(): Promise<void> {
    const number = ++this.asked;
    if (this.sidecar.trouble) {
      return this.showTrouble(this.sidecar.trouble);
    }
    if (!this.sidecar.isRunning) {
      return;
    }
    const uri: Uri | undefined = document();
    try {
      const status = await this.sidecar.request<Status>("mux/status", uri ? { uri: uri.toString() } : {});
      if (number === this.asked) {
        this.showStatus(status);
      }
    } catch (error) {
      this.sidecar.note(error); // such as that it has just died, which is told by the next change
    }
  }

  dispose(): void {
    Disposable.from(this.item, ...this.subscriptions).dispose();
  }

  private showStatus(status: Status): void {
    this.status = status;
    const colour = COLOURS[status.kind];
    this.item.text = icon(
      status.busy ? "sync~spin" : status.kind === "inactive" ? "circle-slash" : "arrow-swap",
      status.text,
    );
    this.item.backgroundColor = colour ? new ThemeColor(colour) : undefined;
    this.item.tooltip = tooltip(status);
    this.item.command = status.command.command.replace(/^mux\./, "muxSidecar.");
    this.item.accessibilityInformation = { label: `Mux: ${status.text}. ${status.command.title}`, role: "button" };
    this.onStatus(status);
  }

  private showTrouble(trouble: Trouble): void {
    this.status = undefined;
    this.item.text = icon("warning", trouble.text);
    this.item.backgroundColor = new ThemeColor("statusBarItem.warningBackground");
    this.item.tooltip = trouble.advice;
    this.item.command = "muxSidecar.restart";
    this.item.accessibilityInformation = { label: trouble.advice, role: "button" };
  }
}

function icon(name: string, text: string): string {
  return `$(${name}) ${plain(text)}`;
}

/** The sidecar's own tooltip, and links to what can be done. */
function tooltip(status: Status): MarkdownString {
  const lines = status.tooltip.split("\n").map((line) => {
    const [, label, fact] = COLUMN.exec(line) ?? [];
    return label && fact ? `**${literal(label)}** ${literal(fact)}` : literal(line.trim());
  });
  const links = Object.entries(LINKS).map(([name, title]) => `[${title}](command:muxSidecar.${name})`);
  const text = new MarkdownString([...lines, "---", links.join(" · ")].join("\n\n"));
  text.isTrusted = { enabledCommands: Object.keys(LINKS).map((name) => `muxSidecar.${name}`) };
  return text;
}

/** Text that Markdown takes as it is, addresses too: models and errors come from strangers. */
function literal(text: string): string {
  return text.replace(/[^\p{L}\p{N} ]/gu, (character) => `&#${character.codePointAt(0)};`);
}
