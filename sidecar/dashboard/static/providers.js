import { html } from "./view.js";
export function Providers() { return html`<h1>Providers</h1>`; }
