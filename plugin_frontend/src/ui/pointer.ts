/** Where the pointer is in the element of a handler. */

type OnElement = MouseEvent & { currentTarget: HTMLElement };

/** As shares (0 to 1) of its width and its height. */
export function shareOf(event: OnElement): [number, number] {
  const box = event.currentTarget.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}
