// The view library: Preact with its hooks, and templates instead of JSX.

import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

export { cloneElement, render } from "./vendor/preact.js";
export { useEffect, useId, useLayoutEffect, useRef, useState } from "./vendor/hooks.js";
export const html = htm.bind(h);
