/** Where the pointer is in the element of a handler. */

type OnElement = MouseEvent & { currentTarget: HTMLElement };

/** As shares (0 to 1) of its width and its height. */
export function shareOf(event: OnElement): [number, number] {
  const box = event.currentTarget.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

/** The position of the word, as its `data-position`; null between the words. */
export function wordUnder({ target }: Event): number | null {
  const word = target instanceof HTMLElement ? target.dataset.position : undefined;
  return word === undefined ? null : Number(word);
}
