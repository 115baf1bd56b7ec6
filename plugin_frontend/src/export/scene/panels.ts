/** Panels that scroll: in a picture they show all that they hold, and what stands beside and below them makes room. */
import { boundsOf, shifted, type Box, type Item } from "./scene";

/** Lists of which only a part is in the page are shown as they are. */
const AS_SEEN = "[data-as-seen]";

export function scrolls(element: Element): boolean {
  const { overflowX, overflowY } = getComputedStyle(element);
  return /auto|scroll/.test(overflowX + overflowY) && !element.matches(AS_SEEN);
}

export class Panel {
  /** Where its visible part stands in the picture. */
  box: Box = { x: 0, y: 0, width: 0, height: 0 };
  /** Of all that it holds. */
  readonly size: { width: number; height: number };
  readonly wider: number;
  readonly higher: number;

  constructor(element: Element) {
    const { width, height } = element.getBoundingClientRect();
    this.wider = Math.max(0, element.scrollWidth - element.clientWidth);
    this.higher = Math.max(0, element.scrollHeight - element.clientHeight);
    this.size = { width: width + this.wider, height: height + this.higher };
  }

  get grows(): boolean {
    return this.wider > 0 || this.higher > 0;
  }
}

export interface Found {
  item: Item;
  panels: Panel[];
}

/** The items of the whole picture: what is right of a panel or below it moves away as far as that grows. */
export function madeRoom(found: Found[], panels: Panel[]): Item[] {
  const growing = panels.filter((panel) => panel.grows);
  return found.map(({ item, panels: around }) => {
    if (!growing.length) return item;
    const { x, y, width } = boundsOf(item);
    let [dx, dy] = [0, 0];
    for (const panel of growing) {
      const { box } = panel;
      if (around.includes(panel)) continue;
      if (x >= box.x + box.width - 1) dx += panel.wider;
      else if (y >= box.y + box.height - 1 && x < box.x + box.width && x + width > box.x) dy += panel.higher;
    }
    return dx || dy ? shifted(item, dx, dy) : item;
  });
}
