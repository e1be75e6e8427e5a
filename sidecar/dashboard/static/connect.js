import { html } from "./view.js";
export function Connect() { return html`<h1>Connect</h1>`; }
