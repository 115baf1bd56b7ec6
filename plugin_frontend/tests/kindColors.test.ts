import { expect, test } from "vitest";
import { KIND_COLORS } from "../src/color/headKinds";

type Triple = [number, number, number];

/** What the colour-blind see of linear RGB (Machado, Oliveira and Fernandes 2009, severity 1). */
const VISION: Record<string, Triple[]> = {
  usual: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

const dot = (row: Triple, [r, g, b]: Triple) => row[0] * r + row[1] * g + row[2] * b;
const times = (matrix: Triple[], color: Triple) => matrix.map((row) => dot(row, color)) as Triple;

function linear(hex: string): Triple {
  const channels = [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16) / 255);
  return channels.map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)) as Triple;
}

/** In Oklab, times 100. */
function distance(a: Triple, b: Triple): number {
  const lab = (color: Triple) => {
    const clipped = color.map((value) => Math.min(1, Math.max(0, value))) as Triple;
    const cones = times(
      [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
      ],
      clipped,
    ).map(Math.cbrt) as Triple;
    return times(
      [
        [0.2104542553, 0.793617785, -0.0040720468],
        [1.9779984951, -2.428592205, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.808675766],
      ],
      cones,
    );
  };
  const [from, to] = [lab(a), lab(b)];
  return 100 * Math.hypot(...from.map((value, i) => value - to[i]!));
}

const luminance = (color: Triple) => dot([0.2126, 0.7152, 0.0722], color);

function contrast(one: Triple, other: Triple): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

test.each(["light", "dark"] as const)(
  "kinds of heads differ by their colours, for the colour-blind too (%s)",
  (theme) => {
    const colors = Object.entries(KIND_COLORS[theme]);
    for (const [vision, matrix] of Object.entries(VISION)) {
      const seen = colors.map(([kind, color]) => ({ kind, color: times(matrix, linear(color)) }));
      const apart = seen.flatMap((a, i) =>
        seen.slice(i + 1).map((b) => ({ pair: `${a.kind}, ${b.kind}`, distance: distance(a.color, b.color) })),
      );
      const nearest = apart.reduce((a, b) => (b.distance < a.distance ? b : a));
      expect(nearest.distance, `${vision}: ${nearest.pair}`).toBeGreaterThan(vision === "usual" ? 12 : 9);
    }
  },
);

test.each([
  ["light", "#ffffff"],
  ["dark", "#303030"],
] as const)("a block is seen on the page (%s)", (theme, page) => {
  expect(contrast(linear(KIND_COLORS[theme].block), linear(page))).toBeGreaterThan(3);
});
