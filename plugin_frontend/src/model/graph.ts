/** A graph whose nodes are the positions of an axis: where they are drawn, and which are joined. */

export type Point = [number, number];

export interface Graph {
  /** Across and down, from 0 to 1. */
  points: Point[];
  /** Pairs of nodes, each once, whatever their direction. */
  edges: [number, number][];
  /** Whether an edge joins two nodes. */
  joins: (one: number, other: number) => boolean;
}

export function graphOf(points: Point[] | null, edges: [number, number][] | null): Graph | null {
  if (!points || !edges) return null;
  const key = (one: number, other: number) => Math.min(one, other) * points.length + Math.max(one, other);
  const pairs = new Map(edges.map((edge) => [key(...edge), edge]));
  return { points, edges: [...pairs.values()], joins: (one, other) => pairs.has(key(one, other)) };
}

/** The node whose middle is nearest to a point. */
export function nodeUnder({ points }: Graph, shown: number[], x: number, y: number): number {
  const away = (node: number) => Math.hypot(points[node]![0] - x, points[node]![1] - y);
  return shown.reduce((best, node) => (away(node) < away(best) ? node : best), shown[0] ?? 0);
}

/** The nearest node in a direction (across, down); the same one where there is none. */
export function nodeBeside({ points }: Graph, shown: number[], node: number, [across, down]: Point): number {
  const [x, y] = points[node] ?? [0, 0];
  const away = (other: number) => {
    const [dx, dy] = [points[other]![0] - x, points[other]![1] - y];
    const [ahead, aside] = [dx * across + dy * down, Math.abs(dx * down) + Math.abs(dy * across)];
    return other !== node && ahead > 0 && aside <= 2 * ahead ? ahead + aside : Infinity;
  };
  return shown.reduce((best, other) => (away(other) < away(best) ? other : best), node);
}
