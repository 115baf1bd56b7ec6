/** A graph: its edges, nodes and names, and the weights of a row along edges and at nodes. */
import { nodeUnder, type Graph } from "../model/graph";
import { overlap, type Box } from "../model/overlap";
import type { Positions } from "../model/positions";
import { hatchRect } from "./hatch";
import type { Crop, Tint } from "./tinted";

/** A colour of the page by its token. */
export type Ink = (token: "--bg" | "--page" | "--text" | "--text2" | "--line") => string;

/** Room for nodes and names around the points, as a share of the side. */
const MARGIN = 0.07;
/** Of the thickest line and of the finest one, in radii of a node. */
const [THICKEST, FINEST] = [0.62, 0.09];

let blank: HTMLCanvasElement | null = null;

/** The picture of a graph: nothing but its proportions. */
export function graphPicture(): HTMLCanvasElement {
  if (!blank) {
    blank = document.createElement("canvas");
    [blank.width, blank.height] = [256, 256];
  }
  return blank;
}

const radiusIn = (graph: Graph, { width }: Crop) => width * Math.min(0.032, 0.2 / Math.sqrt(graph.points.length));

const middleIn = (graph: Graph, node: number, { x, y, width, height }: Crop): [number, number] => {
  const [across, down] = graph.points[node]!.map((at) => MARGIN + at * (1 - 2 * MARGIN));
  return [x + across! * width, y + down! * height];
};

/** The square around a node. */
export function nodeRect(graph: Graph, node: number, within: Crop): Crop | null {
  if (!graph.points[node]) return null;
  const [[x, y], radius] = [middleIn(graph, node, within), radiusIn(graph, within)];
  return { x: x - radius, y: y - radius, width: 2 * radius, height: 2 * radius };
}

/** The node nearest to a place in the picture, of 0 to 1 across and down. */
export function nodeAt(graph: Graph, shown: number[], x: number, y: number): number {
  const inside = (at: number) => (at - MARGIN) / (1 - 2 * MARGIN);
  return nodeUnder(graph, shown, inside(x), inside(y));
}

export function circle(context: CanvasRenderingContext2D, rect: Crop): void {
  context.beginPath();
  context.arc(rect.x + rect.width / 2, rect.y + rect.height / 2, rect.width / 2, 0, 2 * Math.PI);
}

/** Edges, nodes and as many names as have room, of so many pixels (0: none); the rest of the rectangle is cleared. */
export function drawGraph(
  context: CanvasRenderingContext2D,
  positions: Positions,
  ink: Ink,
  within: Crop,
  names: number,
): void {
  const graph = positions.graph!;
  const radius = radiusIn(graph, within);
  const there = new Set(positions.shown);
  context.fillStyle = ink("--bg");
  context.fillRect(within.x, within.y, within.width, within.height);
  context.strokeStyle = ink("--line");
  context.lineWidth = radius * FINEST;
  context.beginPath();
  for (const [one, other] of graph.edges) {
    if (!there.has(one) || !there.has(other)) continue;
    context.moveTo(...middleIn(graph, one, within));
    context.lineTo(...middleIn(graph, other, within));
  }
  context.stroke();
  context.fillStyle = ink("--page");
  context.strokeStyle = ink("--text2");
  for (const node of positions.shown) {
    circle(context, nodeRect(graph, node, within)!);
    context.fill();
    context.stroke();
  }
  if (names) drawNames(context, positions, ink, within, names);
}

/** Names below their nodes; those of nodes with many edges first, and none over another. */
function drawNames(
  context: CanvasRenderingContext2D,
  positions: Positions,
  ink: Ink,
  within: Crop,
  size: number,
): void {
  const graph = positions.graph!;
  const edges = new Array<number>(positions.size).fill(0);
  for (const node of graph.edges.flat()) edges[node]!++;
  context.font = `${size}px Roboto, Arial, sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "top";
  context.fillStyle = ink("--text");
  const written: Box[] = [];
  for (const node of [...positions.shown].sort((a, b) => edges[b]! - edges[a]!)) {
    const rect = nodeRect(graph, node, within)!;
    const text = positions.label(node);
    const half = context.measureText(text).width / 2;
    const [x, y] = [rect.x + rect.width / 2, rect.y + rect.height + size * 0.1];
    const at = Math.max(within.x + half, Math.min(within.x + within.width - half, x));
    const box = { left: at - half, right: at + half, top: y, bottom: y + size };
    if (written.some((other) => overlap(box, other))) continue;
    written.push(box);
    context.fillText(text, at, y);
  }
}

export interface NodeLink {
  from: number;
  to: number;
  weight: number;
}

/** A line for each link, as wide as its weight, in the tint or in another colour: dashed where no edge joins the two. Drawn in the order given. */
export function drawNodeLinks(
  context: CanvasRenderingContext2D,
  positions: Positions,
  links: NodeLink[],
  { rgb, full, opacity = 0.9, color = null }: Omit<Tint, "values"> & { color?: string | null },
  within: Crop,
): void {
  const graph = positions.graph!;
  const radius = radiusIn(graph, within);
  for (const { from, to, weight } of links) {
    const share = Math.min(Math.abs(weight) / full, 1);
    if (from === to || !(share > 0)) continue;
    const [[x, y], [toX, toY]] = [middleIn(graph, from, within), middleIn(graph, to, within)];
    const length = Math.hypot(toX - x, toY - y);
    const cut = radius / Math.max(length, 1e-9);
    if (cut >= 0.5) continue;
    context.strokeStyle = color ?? `rgba(${rgb},${((0.25 + 0.75 * share) * opacity).toFixed(3)})`;
    context.lineWidth = radius * (FINEST + (THICKEST - FINEST) * share);
    context.setLineDash(graph.joins(from, to) ? [] : [radius * 0.6, radius * 0.5]);
    context.beginPath();
    context.moveTo(x + (toX - x) * cut, y + (toY - y) * cut);
    context.lineTo(toX - (toX - x) * cut, toY - (toY - y) * cut);
    context.stroke();
  }
  context.setLineDash([]);
}

/** Tints each node by its weight, and the edge to it from the node whose row it is. */
export function tintNodes(context: CanvasRenderingContext2D, positions: Positions, tint: Tint, within: Crop): void {
  const { values, rgb, full, opacity = 0.9, from = null } = tint;
  const graph = positions.graph!;
  const nodes = [...positions.shown].sort((a, b) => Math.abs(values[a] ?? 0) - Math.abs(values[b] ?? 0));
  if (from !== null && graph.points[from]) {
    const links = nodes.map((to) => ({ from, to, weight: values[to] ?? 0 }));
    drawNodeLinks(context, positions, links, tint, within);
  }
  for (const node of nodes) {
    const weight = Math.abs(values[node] ?? 0);
    const rect = nodeRect(graph, node, within)!;
    if (weight === 0) continue;
    if (Number.isNaN(weight)) {
      hatchRect(context, rect.x, rect.y, rect.width, rect.height);
      continue;
    }
    context.fillStyle = `rgba(${rgb},${(Math.min(weight / full, 1) * opacity).toFixed(3)})`;
    circle(context, rect);
    context.fill();
  }
}
