/** A frame of the film that a view draws itself. */

/** Draws into a rectangle, in device pixels. */
export type FrameDrawing = (
  context: CanvasRenderingContext2D,
  within: { x: number; y: number; width: number; height: number },
) => void;
