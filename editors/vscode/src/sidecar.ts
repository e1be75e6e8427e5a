// The one sidecar of this window: started with it, asked, and started again when it dies.
import { ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { CancellationToken, Disposable, EventEmitter, LogOutputChannel } from "vscode";
import {
  CloseAction,
  ErrorHandler,
  LanguageClient,
  LanguageClientOptions,
  ResponseError,
  RevealOutputChannelOn,
  State,
} from "vscode-languageclient/node";
import { find } from "./program";
import { read } from "./settings";

/** Why it does not run: a text for the status bar, and a sentence that says what to do. */
export interface Trouble {
  kind: "absent" | "stopped";
  text: string;
  advice: string;
}

const PROTOCOL = 1;
const PATIENCE = 5_000; // milliseconds that it has to leave
const TEXTS = { absent: "mux-sidecar: not installed", stopped: "mux-sidecar: stopped" };
const STOPPED = "mux-sidecar does not run. Start it with the command Mux: Restart; its output says why it stopped.";

export class Sidecar implements Disposable {
  trouble: Trouble | undefined;
  private readonly changed = new EventEmitter<void>();
  private readonly failed = new EventEmitter<Trouble>();
  /** The Status may be another now. */
  readonly onDidChange = this.changed.event;
  /** It could not be started. */
  readonly onDidFail = this.failed.event;
  private client: LanguageClient | undefined;
  private current: Promise<void> = Promise.resolve();
  private next: Promise<void> | undefined;

  constructor(private readonly output: LogOutputChannel) {}

  get isRunning(): boolean {
    return this.client?.state === State.Running;
  }

  /** Ends it if it runs, and starts it. Whoever asks while a start is under way shares the one behind it. */
  restart(): Promise<void> {
    this.next ??= this.current.then(() => {
      this.next = undefined;
      this.current = this.begin();
      return this.current;
    });
    return this.next;
  }

  /** A method's result; waits for a start that is under way. */
  async request<T>(method: string, params: object = {}, token?: CancellationToken): Promise<T> {
    await (this.next ?? this.current);
    if (!this.client || this.trouble) {
      throw new Error(this.trouble?.advice ?? STOPPED);
    }
    return token ? this.client.sendRequest<T>(method, params, token) : this.client.sendRequest<T>(method, params);
  }

  /** Runs a command of the sidecar's, which asks for what is missing and tells how it went, errors too. */
  async execute<T>(command: string, given: object = {}, token?: CancellationToken): Promise<T | undefined> {
    try {
      return await this.request<T>("workspace/executeCommand", { command, arguments: [given] }, token);
    } catch (error) {
      if (error instanceof ResponseError) {
        return undefined;
      }
      throw error;
    }
  }

  /** Hands it the settings that it takes while it runs. */
  async configure(): Promise<void> {
    if (this.isRunning) {
      await this.client?.sendNotification("workspace/didChangeConfiguration", { settings: read().options });
    }
  }

  async stop(): Promise<void> {
    const client = this.client;
    this.client = undefined;
    await client?.dispose(PATIENCE).catch((error: unknown) => this.note(error));
  }

  /** Keeps what went wrong where nobody waits for it. */
  note(error: unknown): void {
    this.output.warn(said(error));
  }

  dispose(): void {
    this.changed.dispose();
    this.failed.dispose();
  }

  private async begin(): Promise<void> {
    await this.stop();
    const { command } = read();
    const program = await find(command);
    if (!program) {
      const where = /[\\/]/.test(command) ? "is not there, or cannot be run" : "is not installed, or not on the PATH";
      return this.fail("absent", `${command} ${where}.`);
    }
    this.trouble = undefined;
    this.output.info(`Starting ${program} --stdio`);
    const client: LanguageClient = new LanguageClient(
      "muxSidecar",
      "mux-sidecar",
      () => launch(program),
      options(this.output, () => client.createDefaultErrorHandler()),
    );
    this.client = client;
    client.onDidChangeState(({ newState }) => this.heard(client, newState));
    client.onNotification("mux/didChangeStatus", () => this.changed.fire());
    try {
      await client.start();
    } catch (error) {
      return this.fail("stopped", `${program} cannot be started: ${said(error)}`);
    }
    if (client.initializeResult?.capabilities.experimental?.mux?.protocolVersion !== PROTOCOL) {
      await this.stop();
      this.fail("stopped", `${program} is no mux-sidecar that this extension knows; upgrade both.`);
    }
  }

  private heard(client: LanguageClient, state: State): void {
    if (client === this.client) {
      this.trouble = state === State.Stopped ? { kind: "stopped", text: TEXTS.stopped, advice: STOPPED } : undefined;
      this.changed.fire();
    }
  }

  private fail(kind: Trouble["kind"], advice: string): void {
    this.trouble = { kind, text: TEXTS[kind], advice };
    this.output.error(advice);
    this.changed.fire();
    this.failed.fire(this.trouble);
  }
}

/** An error's own sentence. */
export function said(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** A child of our own: one of the client's is killed two seconds after it was told to leave, in midst of an answer. */
async function launch(program: string): Promise<ChildProcess> {
  const child = spawn(program, ["--stdio"], { stdio: "pipe", windowsHide: true });
  await once(child, "spawn");
  return child;
}

function options(outputChannel: LogOutputChannel, usual: () => ErrorHandler): LanguageClientOptions {
  let handler: ErrorHandler | undefined;
  return {
    documentSelector: [],
    initializationOptions: read().options,
    outputChannel,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    errorHandler: {
      error: (error, message, count) => (handler ??= usual()).error(error, message, count),
      closed: async () => {
        const answer = await (handler ??= usual()).closed();
        return { ...answer, handled: answer.action === CloseAction.Restart }; // the status bar tells of it
      },
    },
  };
}
