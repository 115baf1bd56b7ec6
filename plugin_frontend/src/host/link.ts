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

export function readLink(): LinkState {
  return parseHash(page().location.hash);
}

export function writeLink(state: LinkState): void {
  const host = page();
  const hash = formatHash(host.location.hash, state);
  if (hash === host.location.hash) return;
  // Replaced, not pushed: the Back button should leave the tab, not walk through every step of a drag.
  host.history.replaceState(host.history.state, "", hash);
}

export function onLinkChanged(changed: (state: LinkState) => void): () => void {
  const host = page();
  const tell = () => changed(readLink());
  host.addEventListener("hashchange", tell);
  return () => host.removeEventListener("hashchange", tell);
}

/** Puts the address of exactly this view on the clipboard; says whether the browser allowed it. */
export async function copyLink(): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(page().location.href);
    return true;
  } catch {
    return false;
  }
}
