/** Keys that work wherever the focus is, except where something is typed or a widget needs them itself. */
import { moveHead } from "../model/heads";
import type { Store } from "../state/store.svelte";

const OWN_ARROWS = '[role="grid"], [role="listbox"], [role="tablist"], [role="radiogroup"], select';

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement ? target.type !== "checkbox" : target instanceof HTMLSelectElement;
}

export function handleKey(store: Store, event: KeyboardEvent): void {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const target = event.target instanceof Element ? event.target : null;
  const arrowsTaken = target?.closest(OWN_ARROWS);
  const place = { site: store.siteIndex, head: store.head };
  const head = (sites: number, heads: number) => {
    const next = moveHead(store.sites, place, sites, heads);
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
      store.togglePlay();
      break;
    case "[":
    case "]":
      head(event.key === "]" ? 1 : -1, 0);
      break;
    case ",":
    case ".":
      head(0, event.key === "." ? 1 : -1);
      break;
    case "Escape":
      if (store.view !== "overview") store.choices.view = "overview";
      break;
    default:
      return;
  }
  event.preventDefault();
}
