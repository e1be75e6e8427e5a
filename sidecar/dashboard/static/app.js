// The page: who is signed in, which view is open, and the Status that all of them show.

import { html, render, useEffect, useLayoutEffect, useRef, useState } from "./view.js";
import { Connection } from "./connection.js";
import { keepFocus } from "./focus.js";
import { forget, linked, signIn } from "./session.js";
import { Home } from "./home.js";
import { Providers } from "./providers.js";
import { Workspaces } from "./workspaces.js";
import { Requests } from "./requests.js";
import { Connect } from "./connect.js";

const VIEWS = { home: Home, workspaces: Workspaces, providers: Providers, requests: Requests, connect: Connect };

// `#/workspaces/work` is the view `workspaces` with the detail `work`.
function place() {
  const [, view, ...detail] = location.hash.split("/");
  return Object.hasOwn(VIEWS, view) ? { view, detail: detail.length ? safely(detail.join("/")) : null } : { view: "home", detail: null };
}

function safely(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

const titled = (name) => name[0].toUpperCase() + name.slice(1);

function SignedOut({ reason }) {
  return html`<main class="alone" tabindex="-1">
    <h1>mux-sidecar</h1>
    <p role="alert">${reason ?? "This tab is not signed in."}</p>
    <p>Open the dashboard from your editor's command palette, or run:</p>
    <pre><code>mux-sidecar dashboard</code></pre>
  </main>`;
}

function useStatus(rpc) {
  const [state, setState] = useState({ status: null, isOpen: rpc.isOpen });
  useEffect(() => {
    const told = (event) => setState((before) => ({ ...before, status: event.detail }));
    const away = () => setState((before) => ({ ...before, isOpen: false }));
    const open = async () => {
      setState((before) => ({ ...before, isOpen: true }));
      const status = await rpc.call("mux/status").catch(() => null);
      if (status) setState({ status, isOpen: true });
    };
    rpc.addEventListener("mux/didChangeStatus", told);
    rpc.addEventListener("open", open);
    rpc.addEventListener("away", away);
    if (rpc.isOpen) open();
  }, []);
  return state;
}

function App({ rpc }) {
  const [{ view, detail }, setPlace] = useState(place());
  const { status, isOpen } = useStatus(rpc);
  const main = useRef(null);
  useEffect(() => {
    const moved = () => linked() || setPlace(place());
    addEventListener("hashchange", moved);
    return () => removeEventListener("hashchange", moved);
  }, []);
  const isFirst = useRef(true);
  // A view may give the page a title of its own afterwards.
  useLayoutEffect(() => {
    document.title = `${titled(view)} · mux-sidecar`;
    if (!isFirst.current) main.current?.focus();
    isFirst.current = false;
  }, [view]);
  const skip = (event) => {
    event.preventDefault();
    main.current.focus();
  };
  const View = VIEWS[view];
  return html`
    <header class="top">
      <a class="skip" href="#main" onClick=${skip}>Skip to the page</a>
      <nav aria-label="Pages">${Object.keys(VIEWS).map((name) => html`
        <a key=${name} href=${`#/${name}`} aria-current=${name === view ? "page" : undefined}>${titled(name)}</a>`)}</nav>
      <p class=${`status ${isOpen ? (status?.kind ?? "normal") : "inactive"}`} role="status" title=${isOpen ? status?.text : undefined}>
        ${isOpen ? (status?.text ?? "…") : "The sidecar is away; trying again …"}</p>
    </header>
    <main id="main" ref=${main} tabindex="-1" class=${view}>${status ? html`<${View} key=${view} rpc=${rpc} status=${status} detail=${detail} />` : html`<h1 class="loading">${titled(view)}</h1>`}</main>`;
}

async function begin() {
  const root = document.getElementById("app");
  const out = (reason) => render(html`<${SignedOut} key="out" reason=${reason} />`, root);
  root.textContent = "";
  keepFocus(root);
  addEventListener("hashchange", () => linked() && location.reload());
  try {
    const token = await signIn();
    if (!token) {
      out();
      return;
    }
    const rpc = new Connection(token);
    rpc.addEventListener("refused", () => {
      forget();
      out("This tab is not signed in any more.");
    });
    render(html`<${App} key="in" rpc=${rpc} />`, root);
  } catch (error) {
    out(error instanceof TypeError ? "The sidecar could not be reached." : error.message);
  }
}

begin();
