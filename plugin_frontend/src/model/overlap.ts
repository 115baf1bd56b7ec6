/** Which of several texts can be written without one lying over another. */

export interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

export function overlap(one: Box, other: Box): boolean {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

/** The indices of the boxes that are kept: in their order, each that overlaps none that was kept before it. */
export function withoutOverlap(boxes: Box[]): Set<number> {
  const kept = new Set<number>();
  boxes.forEach((box, i) => {
    if ([...kept].every((other) => !overlap(box, boxes[other]!))) kept.add(i);
  });
  return kept;
}
