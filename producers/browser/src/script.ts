/**
 * The script: it starts with the attributes of its own tag. Calls made before it has loaded are in the array
 * `window.touchline`, each as `[name, ...arguments]`; those of `init` add options.
 */

import { createClient } from "./client";
import type { Options, Touchline } from "./touchline.mjs";

type Call = [keyof Touchline, ...unknown[]];

declare global {
  interface Window {
    touchline?: Touchline | Call[];
  }
}

const { dataset, src } = document.currentScript as HTMLScriptElement;
const calls = window.touchline ?? [];
// A page may name the script twice.
if (Array.isArray(calls)) {
  const options = { url: new URL(".", src).href, ...dataset } as Options;
  for (const [name, given] of calls) if (name === "init") Object.assign(options, given);
  const touchline = createClient();
  touchline.init(options);
  window.touchline = touchline;
  for (const [name, ...given] of calls)
    if (name !== "init") (touchline[name] as (...given: unknown[]) => void)(...given);
}
