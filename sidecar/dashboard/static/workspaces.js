import { html } from "./view.js";
export function Workspaces() { return html`<h1>Workspaces</h1>`; }
