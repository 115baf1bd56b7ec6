/** The means of a gate for each class, compared with one another: which channels are open for which class? */

/** Of each class how far each position lies above the mean of all classes. */
export function aboveOthers(means: Float32Array[]): Float32Array[] {
  const size = means[0]?.length ?? 0;
  const all = new Float32Array(size);
  for (const mean of means) mean.forEach((value, i) => (all[i] = all[i]! + value / means.length));
  return means.map((mean) => mean.map((value, i) => value - all[i]!));
}

/** How much each position tells the classes apart: the standard deviation over their means. */
export function spreadOf(means: Float32Array[]): Float32Array {
  const size = means[0]?.length ?? 0;
  const squares = new Float32Array(size);
  for (const above of aboveOthers(means))
    above.forEach((value, i) => (squares[i] = squares[i]! + value ** 2 / means.length));
  return squares.map(Math.sqrt);
}

export interface Peak {
  line: number;
  position: number;
  /** How far above the mean of all. */
  by: number;
}

/** Where each class lies farthest above the others, the farthest of all first; none for a class that lies above them nowhere. */
export function peaksOf(means: Float32Array[], shown: number[]): Peak[] {
  return aboveOthers(means)
    .flatMap((above, line) => {
      let best: Peak | null = null;
      for (const position of shown) {
        const by = above[position] ?? NaN;
        if (by > (best?.by ?? 0)) best = { line, position, by };
      }
      return best ? [best] : [];
    })
    .sort((a, b) => b.by - a.by);
}
