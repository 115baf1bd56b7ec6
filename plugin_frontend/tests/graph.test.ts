import { expect, test } from "vitest";
import { nodeAt, nodeRect } from "../src/draw/graph";
import { graphOf, nodeBeside, nodeUnder, type Point } from "../src/model/graph";
import { positionsOf, sameCells } from "../src/model/positions";
import { site } from "./helpers";

const SQUARE: Point[] = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
];
const graph = graphOf(SQUARE, [
  [0, 1],
  [1, 0],
  [2, 1],
])!;
const ALL = [0, 1, 2, 3];

test("an edge joins two nodes whatever its direction, and is drawn once", () => {
  expect(graph.edges).toHaveLength(2);
  expect([graph.joins(0, 1), graph.joins(1, 2), graph.joins(0, 2), graph.joins(3, 3)]).toEqual([
    true,
    true,
    false,
    false,
  ]);
});

test("without points or edges there is no graph", () => {
  expect(graphOf(null, [])).toBeNull();
  expect(graphOf([], null)).toBeNull();
});

test("the node under a point is the nearest of those shown", () => {
  expect(nodeUnder(graph, ALL, 0.9, 0.8)).toBe(2);
  expect(nodeUnder(graph, [0, 3], 0.9, 0.8)).toBe(3);
});

test("arrows go to the nearest node on that side, and stay at the edge", () => {
  expect(nodeBeside(graph, ALL, 0, [1, 0])).toBe(1);
  expect(nodeBeside(graph, ALL, 1, [0, 1])).toBe(2);
  expect(nodeBeside(graph, ALL, 1, [0, -1])).toBe(1);
});

test("what is drawn at a place is found there", () => {
  for (const node of ALL) {
    const { x, y, width } = nodeRect(graph, node, { x: 0, y: 0, width: 100, height: 100 })!;
    expect(x).toBeGreaterThan(0);
    expect(x + width).toBeLessThan(100);
    expect(nodeAt(graph, ALL, (x + width / 2) / 100, (y + width / 2) / 100)).toBe(node);
  }
});

test("samples have graphs of their own", () => {
  const axis = {
    ...{ role: "key" as const, size: 4, kind: "nodes" as const, points: [SQUARE] },
    edges: [[[0, 1]], [[2, 3]]] as [number, number][][],
  };
  const of = (index: number) => positionsOf(site({}, [axis]), "key", { id: "", label: null, inputs: [], index });
  expect(of(0).graph?.joins(0, 1)).toBe(true);
  expect(of(1).graph?.joins(0, 1)).toBe(false);
  expect(sameCells(of(0), of(1))).toBe(false);
  expect(of(1).name(3)).toBe("node 3");
});
