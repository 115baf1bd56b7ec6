/** Keys that work wherever the focus is, except where something is typed or a widget needs them itself. */
import { tick } from "svelte";
import { moveHead } from "../model/heads";
import { isFiltering, NO_FILTER } from "../model/samples";
import type { Store } from "../state/store.svelte";
import { viewTabs } from "./tabs";

/** Fields in which something is typed, and menus: all keys are theirs. */
function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button"].includes(target.type);
  return target instanceof HTMLSelectElement || target instanceof HTMLTextAreaElement;
}

export function handleKey(store: Store, event: KeyboardEvent): void {
  // A dialog that has just closed says so only later, and the next key is no longer its own: so the page is asked, not the store.
  if (document.querySelector("dialog[open]")) return;
  // Maps, texts and lists take the keys that they use for themselves, and prevent what else they would do.
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const target = event.target instanceof Element ? event.target : null;
  const now = { site: store.siteIndex, head: store.head };
  const head = (sites: number, heads: number) => {
    const next = moveHead(store.sites, now, sites, heads);
    store.showHead(next.site, next.head);
  };
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight":
      store.goTo(store.slotIndex + (event.key === "ArrowRight" ? 1 : -1));
      break;
    case "Home":
      store.goTo(0);
      break;
    case "End":
      store.showStep(null);
      break;
    case "b":
    case "B":
      if (store.best >= 0) store.goTo(store.best);
      break;
    case " ":
      if (target?.closest("button, input, summary, [role='option'], [role='gridcell']")) return;
      store.togglePlay(event.shiftKey);
      break;
    case "Enter":
      if (store.view !== "overview" || (target && target !== document.body)) return;
      store.choices.view = "head";
      break;
    case "[":
    case "]":
      head(event.key === "]" ? 1 : -1, 0);
      break;
    case ",":
    case ".":
      head(0, event.key === "." ? 1 : -1);
      break;
    case "/":
      store.railOpen = store.narrow;
      void tick().then(() => document.querySelector<HTMLElement>('[aria-label="Filter samples"]')?.focus());
      break;
    case "l":
    case "L":
      void store.copyLink();
      break;
    case "?":
      store.help = true;
      break;
    case "1":
    case "2":
    case "3":
    case "4":
    case "5":
    case "6":
    case "7":
    case "8": {
      const tab = viewTabs(store)[Number(event.key) - 1];
      if (!tab) return;
      store.choices.view = tab.view;
      break;
    }
    case "Escape":
      if (!closeTopmost(store)) return;
      break;
    default:
      return;
  }
  event.preventDefault();
}

/** What Escape closes, the topmost first: each says whether it was open. */
const LAYERS: ((store: Store) => boolean)[] = [
  () => {
    const panel = document.querySelector<HTMLElement>("[popover]:popover-open");
    panel?.hidePopover();
    return panel !== null;
  },
  (store) => {
    const wasOpen = store.narrow && store.railOpen;
    store.railOpen = false;
    return wasOpen;
  },
  (store) => {
    const { examples } = store.confusion;
    const wasOpened = examples.opened !== null;
    examples.back();
    return wasOpened;
  },
  (store) => {
    const kept = store.filterCell !== null;
    if (kept) store.keepCell(null);
    return kept;
  },
  (store) => {
    const filtered = isFiltering(store.filter);
    store.filter = NO_FILTER;
    return filtered;
  },
];

/** Closes one thing, the one on top; says whether there was any. */
function closeTopmost(store: Store): boolean {
  return LAYERS.some((close) => close(store));
}
