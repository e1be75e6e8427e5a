import { html } from "./view.js";
export function Requests() { return html`<h1>Requests</h1>`; }
