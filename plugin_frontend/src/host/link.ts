/**
 * The choices in the address of the parent page, as `p.attention.<key>=<value>` in its hash, the form that TensorBoard
 * keeps for plugins. Its own message for this answers `{}` on the first load, so the hash is read itself.
 */

import { currentGesture, endGesture } from "./gestures";
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

/**
 * A URL with another hash. It is whole: in a frame of a notebook, relative URLs begin at the notebook's address.
 */
const withHash = (url: string, hash: string) => url.replace(/#.*$/s, "") + hash;

/** Whether the address leads here: a frame without a file or server of its own has none to hand on. */
export const hasAddress = () => page().location.protocol !== "about:";

export function readLink(): LinkState {
  const host = page();
  const first = STANDALONE ? document.documentElement.dataset.link : "";
  if (first && !host.location.hash) {
    host.history.replaceState(host.history.state, "", withHash(host.location.href, `#attention&${first}`));
  }
  const state = parseHash(host.location.hash);
  known = JSON.stringify(state);
  shown = { state, gesture: null, stepping: false };
  return state;
}

/** Browsers allow some 100 changes of the address in 30 s (Safari throws beyond), and each costs 5 to 10 ms: too much for every frame of a drag. */
const APART_MS = 400;
/** Within which the event of a changed address comes. */
const EVENT_MS = 50;
/** The keys of the two handles of the timeline. */
const isStep = (key: string) => key === "step" || key === "versus";
/** Steps that follow each other so closely are one entry of the history, as those of a drag are. */
const STEPPING_MS = 1000;

/** A state of the tab, the gesture that made it, and the keys in which an entry of the history differs from the last. */
interface Write {
  state: LinkState;
  gesture: number | null;
  keys: readonly string[];
}

let waiting: Write | null = null;
/** The current entry of the history; whether it was made by a step of the timeline. */
let shown: { state: LinkState; gesture: number | null; stepping: boolean } | null = null;
let written = -Infinity;
let eventAwaited = false;
let timer: ReturnType<typeof setTimeout> | undefined;

function changedKeys({ state, keys }: Write): string[] {
  return keys.filter((key) => state[key] !== shown?.state[key]);
}

/** Whether it is an entry of its own: what one gesture chose. What changed by itself, or in the same gesture, is not. */
function isEntry(write: Write): boolean {
  const changed = changedKeys(write);
  if (!shown || !changed.length || write.gesture === null || write.gesture === shown.gesture) return false;
  const stepsOn = shown.stepping && changed.every(isStep);
  return !stepsOn || performance.now() - written >= STEPPING_MS;
}

/**
 * Writes to the address soon, after the frame that shows the change; what is no entry of the history together with what
 * follows it.
 *
 * @param keys - Of `state`: those whose change by the user is an entry of the history, to which Back returns.
 */
export function writeLink(state: LinkState, keys: readonly string[] = []): void {
  const write = { state, keys, gesture: currentGesture() };
  // What two gestures chose are two entries.
  if (waiting && waiting.gesture !== write.gesture && isEntry(waiting)) flushLink();
  waiting = write;
  const after = isEntry(write) ? 0 : Math.max(0, written + APART_MS - performance.now());
  if (after === 0) clearTimeout(timer);
  else if (timer !== undefined) return;
  timer = setTimeout(() => requestAnimationFrame(() => setTimeout(flushLink)), after);
}

/** Writes at once what waits to be written. */
export function flushLink(): void {
  clearTimeout(timer);
  timer = undefined;
  if (!waiting) return;
  const host = page();
  if (ourPart(host.location.hash) !== known && !eventAwaited) {
    // Somebody has just set our part. The event that says so comes next, and drops what waits; without one it is written then.
    eventAwaited = true;
    timer = setTimeout(flushLink, EVENT_MS);
    return;
  }
  eventAwaited = false;
  const { state, gesture } = waiting;
  const [changed, entry] = [changedKeys(waiting), isEntry(waiting)];
  const hash = formatHash(host.location.hash, state);
  waiting = null;
  known = ourPart(hash);
  shown = {
    state,
    gesture: changed.length ? gesture : (shown?.gesture ?? null),
    stepping: entry ? changed.every(isStep) : (shown?.stepping ?? false),
  };
  if (hash === host.location.hash) return;
  written = performance.now();
  // Back in a notebook leaves the notebook's page, it does not go through the choices in a frame of it.
  host.history[entry && hasAddress() ? "pushState" : "replaceState"](
    host.history.state,
    "",
    withHash(host.location.href, hash),
  );
}

/** Calls `changed` when somebody else sets the address, or Back and forward do. */
export function onLinkChanged(changed: (state: LinkState) => void): () => void {
  const host = page();
  const report = () => {
    if (ourPart(host.location.hash) === known) return;
    // Somebody else's address wins over what we were about to write.
    waiting = null;
    eventAwaited = false;
    endGesture();
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
