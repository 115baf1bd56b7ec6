/** How wide a label of an axis is. */
let context: CanvasRenderingContext2D | null = null;

/** CSS pixels of `text` in the font of axis labels. */
export function textWidth(text: string): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return 7 * text.length;
  // Marked labels are bold, and none may grow into its neighbour when it is marked.
  context.font = "700 11px Roboto, Arial, sans-serif";
  return context.measureText(text).width;
}
