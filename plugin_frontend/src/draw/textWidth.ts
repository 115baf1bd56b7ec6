/** How wide texts are, in CSS pixels. */
let context: CanvasRenderingContext2D | null = null;

/** `font`: as CSS writes it. */
export function widthIn(font: string, text: string): number {
  context ??= document.createElement("canvas").getContext("2d");
  if (!context) return 7 * text.length;
  context.font = font;
  return context.measureText(text).width;
}

/** In the font of axis labels. Marked labels are bold, and none may grow into its neighbour when it is marked. */
export function textWidth(text: string): number {
  return widthIn("700 11px Roboto, Arial, sans-serif", text);
}

/** In the font of a sentence's numbers and names, which the rest is narrower than. */
export function sentenceWidth(text: string): number {
  return widthIn("500 14px Roboto, Arial, sans-serif", text);
}

/** In the font of lists. */
export function listWidth(text: string): number {
  return widthIn("400 12px Roboto, Arial, sans-serif", text);
}
