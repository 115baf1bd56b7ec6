/**
 * What the user does: a press of a button or of a key, with all that moves until it is released, is one gesture. A
 * change that belongs to none came by itself.
 */

/** So long after it a change is still its consequence. */
const LASTING_MS = 2000;
let [count, held, last] = [0, false, -Infinity];

export function beginGesture(): void {
  count++;
  last = performance.now();
}

export function endGesture(): void {
  held = false;
  last = -Infinity;
}

/** The number of the gesture that is being made, or was just now; null for none. */
export function currentGesture(): number | null {
  return held || performance.now() - last < LASTING_MS ? count : null;
}

export function watchGestures(): void {
  const capture = { capture: true, passive: true };
  const release = () => {
    held = false;
    last = performance.now();
  };
  addEventListener("pointerdown", () => ((held = true), beginGesture()), capture);
  addEventListener("pointerup", release, capture);
  addEventListener("pointercancel", release, capture);
  addEventListener("keydown", ({ repeat }) => (repeat ? (last = performance.now()) : beginGesture()), capture);
  // A choice in a menu comes from the browser's own list.
  addEventListener("change", beginGesture, capture);
  addEventListener("click", () => currentGesture() ?? beginGesture(), capture);
}
