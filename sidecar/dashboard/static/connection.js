// One WebSocket to /rpc: calls, notifications, and coming back by itself after the sidecar was away.

const SOONEST = 250; // milliseconds before the first try to come back; each further one waits twice as long
const LATEST = 5000;
const AWAY = 0; // the code of a call that had nobody to answer it
export const CANCELLED = -32800;
const UNKNOWN_METHOD = -32601;

export class CallError extends Error {
  constructor({ code, message, data }) {
    super(message);
    this.code = code;
    this.data = data ?? {};
  }

  get isUnknownMethod() {
    return this.code === UNKNOWN_METHOD;
  }
}

// Events: `open`, `away`, `refused` (the session is not good any more), and each notification by its method's name.
export class Connection extends EventTarget {
  #token;
  #socket = null;
  #number = 0;
  #waiting = new Map();
  #wait = SOONEST;
  isOpen = false;

  constructor(token) {
    super();
    this.#token = token;
    this.#connect();
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  // The result of a method. Throws CallError; an aborted `signal` cancels the call at the sidecar too.
  call(method, params = {}, signal = null) {
    if (!this.isOpen) {
      const error = new CallError({ code: AWAY, message: "The sidecar is away; trying again …" });
      return Promise.reject(Object.assign(error, { connection: this }));
    }
    const id = ++this.#number;
    this.#send({ jsonrpc: "2.0", id, method, params });
    signal?.addEventListener("abort", () => this.#waiting.has(id) && this.#send({ jsonrpc: "2.0", method: "$/cancelRequest", params: { id } }));
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #send(message) {
    this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    this.#socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/rpc`, ["mux", `bearer.${this.#token}`]);
    this.#socket.onopen = () => this.#opened();
    this.#socket.onmessage = (event) => this.#take(JSON.parse(event.data));
    this.#socket.onclose = () => this.#lost();
  }

  #opened() {
    this.isOpen = true;
    this.#wait = SOONEST;
    this.#tell("open");
  }

  #take({ id, method, params, error, result }) {
    if (method) {
      this.#tell(method, params);
      return;
    }
    const call = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) call?.reject(new CallError(error));
    else call?.resolve(result);
  }

  async #lost() {
    const wasOpen = this.isOpen;
    this.isOpen = false;
    for (const { reject } of this.#waiting.values()) {
      reject(new CallError({ code: AWAY, message: "The sidecar went away before it answered; try again." }));
    }
    this.#waiting.clear();
    if (wasOpen) this.#tell("away");
    else if (await this.#isRefused()) {
      this.#tell("refused");
      return;
    }
    this.#timer = setTimeout(() => this.#connect(), this.#wait);
    this.#wait = Math.min(this.#wait * 2, LATEST);
  }

  #timer = null;

  // Somebody looks again: do not let them wait for the rest of a long pause.
  #hurry() {
    if (this.isOpen || this.#socket.readyState !== WebSocket.CLOSED || this.#wait === SOONEST) return;
    clearTimeout(this.#timer);
    this.#wait = SOONEST;
    this.#connect();
  }

  // A browser does not say why an upgrade failed; an ordinary call does.
  async #isRefused() {
    try {
      const answer = await fetch("/rpc", {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${this.#token}` },
        body: JSON.stringify({ jsonrpc: "2.0", id: 0, method: "mux/settings/get" }),
      });
      return answer.status === 401;
    } catch {
      return false;
    }
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }
}
