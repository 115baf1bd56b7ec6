/**
 * The choices in the address of the parent page, as `p.attention.<key>=<value>` in its hash, the form that TensorBoard
 * keeps for plugins. Its own message for this answers `{}` on the first load, so the hash is read itself.
 */

import { STANDALONE } from "./standalone";

const PREFIX = "p.attention.";

export type LinkState = Record<string, string>;

function page(): Window {
  if (STANDALONE) return window;
  try {
    void parent.location.hash;
    return parent;
  } catch {
    return window;
  }
}

export function parseHash(hash: string): LinkState {
  const state: LinkState = {};
  for (const part of hash.replace(/^#/, "").split("&")) {
    const cut = part.indexOf("=");
    if (cut < 0 || !part.startsWith(PREFIX)) continue;
    try {
      state[part.slice(PREFIX.length, cut)] = decodeURIComponent(part.slice(cut + 1));
    } catch {
      // A "%" that is no escape: somebody's typing error. The choice falls back to its default.
    }
  }
  return state;
}

/** `hash` with our keys replaced by those of `state`; what belongs to others is left as it is. */
export function formatHash(hash: string, state: LinkState): string {
  const others = hash
    .replace(/^#/, "")
    .split("&")
    .filter((part) => part && !part.startsWith(PREFIX));
  // TensorBoard takes the first part for the name of the tab.
  if (!others[0] || others[0].includes("=")) others.unshift("attention");
  const ours = Object.entries(state).map(([key, value]) => `${PREFIX}${key}=${encodeURIComponent(value)}`);
  return `#${[...others, ...ours].join("&")}`;
}

/** Our part of the address as it was last read or written here. */
let known = "";

const ourPart = (hash: string) => JSON.stringify(parseHash(hash));

export function readLink(): LinkState {
  known = ourPart(page().location.hash);
  return parseHash(page().location.hash);
}

/** Browsers allow some 100 changes of the address in 30 s (Safari throws beyond), and each costs 5 to 10 ms: too much for every frame of a drag. */
const APART_MS = 400;
/** Within which the event of a changed address comes. */
const EVENT_MS = 50;
let waiting: LinkState | null = null;
let written = -Infinity;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Writes to the address soon: after the frame that shows the change, or with the next ones where one was written just now. */
export function writeLink(state: LinkState): void {
  waiting = state;
  const after = Math.max(0, written + APART_MS - performance.now());
  timer ??= setTimeout(() => requestAnimationFrame(() => setTimeout(flushLink)), after);
}

/** Writes at once what waits to be written. */
export function flushLink(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!waiting) return;
  const host = page();
  const found = ourPart(host.location.hash);
  if (found !== known) {
    // Somebody has just set our part. The event that says so comes next, and drops what waits; without one it is written then.
    known = found;
    timer = setTimeout(flushLink, EVENT_MS);
    return;
  }
  const hash = formatHash(host.location.hash, waiting);
  waiting = null;
  known = ourPart(hash);
  if (hash === host.location.hash) return;
  written = performance.now();
  // Replaced, not pushed: the Back button should leave the tab, not walk through every step of a drag.
  host.history.replaceState(host.history.state, "", hash);
}

export function onLinkChanged(changed: (state: LinkState) => void): () => void {
  const host = page();
  const report = () => {
    // Somebody else's address wins over what we were about to write.
    waiting = null;
    changed(readLink());
  };
  host.addEventListener("hashchange", report);
  return () => host.removeEventListener("hashchange", report);
}

/** Puts the address of exactly this view on the clipboard; says whether the browser allowed it. */
export async function copyLink(): Promise<boolean> {
  flushLink();
  try {
    await navigator.clipboard.writeText(page().location.href);
    return true;
  } catch {
    return false;
  }
}
