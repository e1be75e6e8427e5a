// The view library: Preact with its hooks, and templates instead of JSX.

import htm from "./vendor/htm.js";
import { h } from "./vendor/preact.js";

export { cloneElement, Fragment, render } from "./vendor/preact.js";
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
export const html = htm.bind(h);
