/** Keys that work wherever the focus is, except where something is typed or a widget needs them itself. */
import { copyLink } from "../host/link";
import { moveHead } from "../model/heads";
import type { Store } from "../state/store.svelte";
import { viewTabs } from "./tabs";

const OWN_ARROWS = '[role="grid"], [role="listbox"], [role="tablist"], [role="radiogroup"], select';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement ? target.type !== "checkbox" : target instanceof HTMLSelectElement;
}

export function handleKey(store: Store, event: KeyboardEvent): void {
  if (store.help || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target))
    return;
  const target = event.target instanceof Element ? event.target : null;
  const arrowsTaken = target?.closest(OWN_ARROWS);
  const now = { site: store.siteIndex, head: store.head };
  const head = (sites: number, heads: number) => {
    const next = moveHead(store.sites, now, sites, heads);
    store.showHead(next.site, next.head);
  };
  switch (event.key) {
    case "ArrowLeft":
    case "ArrowRight":
      if (arrowsTaken) return;
      store.goTo(store.slotIndex + (event.key === "ArrowRight" ? 1 : -1));
      break;
    case "Home":
      if (arrowsTaken) return;
      store.goTo(0);
      break;
    case "End":
      if (arrowsTaken) return;
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
    case "[":
    case "]":
      head(event.key === "]" ? 1 : -1, 0);
      break;
    case ",":
    case ".":
      head(0, event.key === "." ? 1 : -1);
      break;
    case "/":
      document.querySelector<HTMLElement>('[aria-label="Filter samples"]')?.focus();
      break;
    case "l":
    case "L":
      void copyLink();
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
      if (store.confusion.examples.opened && store.view !== "confusion") store.confusion.examples.back();
      else if (store.view !== "overview") store.choices.view = "overview";
      break;
    default:
      return;
  }
  event.preventDefault();
}
