/** TensorBoard keeps the frames of hidden tabs alive at height 0: nothing should be fetched or drawn then. */

export function isVisible(): boolean {
  return window.innerHeight > 0 && document.visibilityState === "visible";
}

export function onVisibilityChanged(changed: () => void): void {
  addEventListener("resize", changed);
  document.addEventListener("visibilitychange", changed);
}
