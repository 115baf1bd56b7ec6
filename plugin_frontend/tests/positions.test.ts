import { expect, test } from "vitest";
import type { Sample } from "../src/api/wire";
import { boxUnder } from "../src/draw/boxes";
import { axisLabels } from "../src/model/labels";
import { cellOf, cutToken, inPicture, positionBeside, positionOfCell, positionsOf } from "../src/model/positions";
import { site } from "./helpers";

const mail: Sample = {
  id: "a",
  label: null,
  inputs: [{ name: "text", kind: "tokens", tokens: ["the", "cat", "the", ""], mask: [1, 1, 1, 0], text: null }],
};
const tokens = (input: number | null = 0) =>
  positionsOf(site({}, [{ role: "key", size: 4, kind: "tokens", input }]), "key", mail);

test("padding is not shown", () => {
  expect(tokens().shown).toEqual([0, 1, 2]);
});

test("words that come more than once carry their index", () => {
  expect([tokens().name(0), tokens().name(1)]).toEqual(["“the” (word 0)", "“cat”"]);
});

test("an axis that names no input takes the only one with as many tokens", () => {
  expect(tokens(null).tokens).toEqual(mail.inputs[0]!.tokens);
});

test("cells of a grid are named by row and column, behind the extra positions", () => {
  const axis = { role: "query" as const, size: 7, kind: "grid" as const, grid: [2, 3], extra: ["CLS"] };
  const positions = positionsOf(site({}, [axis]), "query", null);
  expect([0, 1, 6].map(positions.name)).toEqual(["CLS", "row 0, col 0", "row 1, col 2"]);
  expect(cellOf(positions, 0)).toBeNull();
  expect(cellOf(positions, 5)).toEqual({ row: 1, column: 1 });
});

test("two plain axes of one role are a plane", () => {
  const gate = site({ kind: "gate" }, [
    { role: "key", size: 2 },
    { role: "key", size: 3 },
  ]);
  expect(positionsOf(gate, "key", null).name(4)).toBe("row 1, col 1");
});

test("channels are called channels", () => {
  expect(positionsOf(site({}, [{ role: "key", size: 9, kind: "channels" }]), "key", null).name(7)).toBe("channel 7");
});

test("names that a user gave are written instead of indices, repeated ones with theirs", () => {
  const axis = { role: "key" as const, size: 4, kind: "features" as const, names: ["age", "ward", "age", ""] };
  const features = positionsOf(site({}, [axis]), "key", null);
  expect([0, 1, 2, 3].map(features.label)).toEqual(["age", "ward", "age", "feature 3"]);
  expect([0, 1, 2, 3].map(features.name)).toEqual(["“age” (feature 0)", "“ward”", "“age” (feature 2)", "feature 3"]);
  expect([features.worded, features.tokens]).toEqual([true, null]);
});

test("names of tokens go before the words of the sample, and names of cells before rows and columns", () => {
  const prompt = { role: "key" as const, size: 4, kind: "tokens" as const, input: 0, names: ["a", "b", "c", "d"] };
  expect(positionsOf(site({}, [prompt]), "key", mail).tokens).toEqual(["a", "b", "c", "d"]);
  const board = { role: "key" as const, size: 4, kind: "grid" as const, grid: [2, 2], names: ["a2", "b2", "a1", ""] };
  const cells = positionsOf(site({}, [board]), "key", null);
  expect([1, 3].map(cells.label)).toEqual(["b2", "row 1, col 1"]);
});

test("frames are written in seconds, to the digit at which they differ", () => {
  const frames = (seconds: number[]) => {
    const axis = { role: "key" as const, size: seconds.length, kind: "frames" as const, seconds };
    return positionsOf(site({}, [axis]), "key", null);
  };
  expect(frames([0, 0.32, 0.64]).label(1)).toBe("0.32 s");
  expect(frames([0, 0.32, 0.64]).name(1)).toBe("frame at 0.32 s");
  expect(frames([0, 1, 2]).label(2)).toBe("2 s");
  expect(frames([0.0125, 0.0375]).label(1)).toBe("0.037 s");
  expect(positionsOf(site({}, [{ role: "key", size: 2, kind: "frames" }]), "key", null).name(1)).toBe("frame 1");
});

test("boxes are those of the sample, and lie in its picture alone", () => {
  const of = (boxes: [number, number, number, number][][], index: number) => {
    const axis = { role: "key" as const, size: 1, kind: "objects" as const, input: 1, boxes };
    return positionsOf(site({}, [axis]), "key", { ...mail, index });
  };
  const own = [[[0, 0, 0.5, 0.5]], [[0.5, 0.5, 1, 1]]] as [number, number, number, number][][];
  expect([of(own, 1).boxes, of(own, 2).boxes, of(own.slice(0, 1), 7).boxes]).toEqual([own[1], null, own[0]]);
  expect([inPicture(of(own, 1), 1), inPicture(of(own, 1), 0), inPicture(of(own, 2), 1)]).toEqual([true, false, false]);
});

test("a step to the side is the cell beside, or the next of the boxes", () => {
  const grid = positionsOf(site({}, [{ role: "key", size: 6, kind: "grid", grid: [2, 3] }]), "key", null);
  expect([positionBeside(grid, 1, [1, 0]), positionBeside(grid, 5, [0, 1])]).toEqual([4, 5]);
  const boxes = positionsOf(
    site({}, [
      {
        role: "key",
        size: 2,
        kind: "objects",
        boxes: [
          [
            [0, 0, 1, 1],
            [0, 0, 1, 1],
          ],
        ],
      },
    ]),
    "key",
    mail,
  );
  expect([positionBeside(boxes, 0, [0, 1]), positionBeside(boxes, 0, [-1, 0])]).toEqual([1, 0]);
});

test("the box under a point is the smallest around it, else the nearest", () => {
  const boxes: [number, number, number, number][] = [
    [0, 0, 1, 1],
    [0.4, 0.4, 0.6, 0.6],
    [0, 0, 0.1, 0.1],
  ];
  expect(boxUnder(boxes, [0, 1, 2], 0.5, 0.5)).toBe(1);
  expect(boxUnder(boxes, [0, 2], 0.5, 0.5)).toBe(0);
  expect(boxUnder(boxes, [1, 2], 0.9, 0.9)).toBe(1);
});

test("long tokens are cut to 13 characters, never through one", () => {
  expect(cutToken("http://example.org")).toBe("http://examp…");
  expect([...cutToken("😀".repeat(20))].length).toBe(13);
  expect(cutToken("thirteen char")).toBe("thirteen char");
});

test("labels never overlap, and the marked one is always there", () => {
  const long = positionsOf(site({}, [{ role: "key", size: 200 }]), "key", null);
  const labels = axisLabels({ positions: long, from: 0, to: 200, pixels: 300, room: 20, markedRoom: 20 }, [77]);
  expect(labels.some((label) => label.position === 77 && label.marked)).toBe(true);
  const places = labels.map((label) => label.at).sort((a, b) => a - b);
  places.slice(1).forEach((place, i) => expect(place - places[i]!).toBeGreaterThanOrEqual(19.9));
});

test("a large grid is labelled by rows", () => {
  const axis = { role: "key" as const, size: 50, kind: "grid" as const, grid: [7, 7], extra: ["CLS"] };
  const positions = positionsOf(site({}, [axis]), "key", null);
  const labels = axisLabels({ positions, from: 0, to: 50, pixels: 500, room: 12, markedRoom: 60 }, []);
  expect(labels.map((label) => label.text)).toEqual(["CLS", ...[0, 1, 2, 3, 4, 5, 6].map((row) => `row ${row}`)]);
});

test("rows are labelled too where the extra positions are left out, and labels along the axis keep their length apart", () => {
  const axis = { role: "key" as const, size: 17, kind: "grid" as const, grid: [4, 4], extra: ["CLS"] };
  const all = positionsOf(site({}, [axis]), "key", null);
  const positions = { ...all, shown: all.shown.slice(1) };
  const length = (text: string) => 6 * text.length;
  const view = { positions, from: 0, to: 16, pixels: 400, room: 20, markedRoom: 20, length };
  expect(axisLabels(view, []).map((label) => label.text)).toEqual(["row 0", "row 1", "row 2", "row 3"]);
  for (const pixels of [90, 160, 400, 900, 2000]) {
    for (const [from, to] of [
      [0, 16],
      [2.5, 7],
      [12, 15],
    ] as const) {
      const labels = axisLabels({ ...view, from, to, pixels }, [5, 6]).sort((a, b) => a.at - b.at);
      expect(labels.length).toBeGreaterThan(0);
      labels.slice(1).forEach((label, i) => {
        const before = labels[i]!;
        expect(label.at - length(label.text) / 2).toBeGreaterThan(before.at + length(before.text) / 2);
      });
    }
  }
});

test("samples that differ in size have their own positions and grids", () => {
  const small: Sample = {
    id: "small",
    index: 0,
    label: null,
    inputs: [{ name: "text", kind: "tokens", tokens: ["a", "b"] }],
  };
  const words = { role: "key" as const, size: 4, kind: "tokens" as const, input: 0, own: [[2], [4]] };
  const text = positionsOf(site({}, [words]), "key", small);
  expect([text.size, text.shown, text.tokens]).toEqual([4, [0, 1], ["a", "b"]]);
  const cells = {
    role: "key" as const,
    size: 7,
    kind: "grid" as const,
    grid: [2, 3],
    extra: ["CLS"],
    own: [
      [1, 2],
      [2, 3],
    ],
  };
  const picture = positionsOf(site({}, [cells]), "key", { ...small, inputs: [] });
  expect([picture.shown, picture.grid]).toEqual([
    [0, 1, 2],
    [1, 2],
  ]);
  expect(positionsOf(site({}, [cells]), "key", null).grid).toEqual([2, 3]);
});

const columns = {
  role: "key" as const,
  size: 7,
  input: 0,
  cells: { grid: [2, 3], of: [0, 3, 1, 4, -1, 2, 5], extra: ["CLS"] },
};

test("cells in another order keep their names, and the extra positions theirs", () => {
  const positions = positionsOf(site({}, [columns]), "key", null);
  expect([1, 2, 4, 6].map(positions.name)).toEqual(["row 1, col 0", "row 0, col 1", "CLS", "row 1, col 2"]);
  expect(positions.extra).toEqual([{ position: 4, name: "CLS" }]);
  expect(cellOf(positions, 6)).toEqual({ row: 1, column: 2 });
  expect(cellOf(positions, 4)).toBeNull();
  expect(positionOfCell(positions, 1, 0)).toBe(1);
  expect(positionOfCell(positions, 9, -1)).toBe(1);
});

test("cells column by column get no labels of whole rows", () => {
  const of = Array.from({ length: 49 }, (_, i) => (i % 7) * 7 + Math.floor(i / 7));
  const axis = { role: "key" as const, size: 49, cells: { grid: [7, 7], of, extra: [] } };
  const positions = positionsOf(site({}, [axis]), "key", null);
  const labels = axisLabels({ positions, from: 0, to: 49, pixels: 500, room: 12, markedRoom: 60 }, []);
  expect(labels[0]!.text).toBe("row 0, col 0");
  expect(labels.some((label) => label.position === null)).toBe(false);
});

test("cells lie in the picture of their own input only, and those of no input in none", () => {
  const of = (input: number | null) => positionsOf(site({}, [{ ...columns, input }]), "key", null);
  expect([inPicture(of(0), 0), inPicture(of(1), 0), inPicture(of(null), 0)]).toEqual([true, false, false]);
});

test("boxes that move are those of the iteration", () => {
  const tracks = [[[[0, 0, 0.5, 0.5]], [[0.5, 0.5, 1, 1]]]] as never;
  const moving = site({}, [
    { role: "iteration", size: 2 },
    { role: "key", size: 1, kind: "objects", tracks },
  ]);
  expect([0, 1].map((iteration) => positionsOf(moving, "key", mail, iteration).boxes)).toEqual([
    [[0, 0, 0.5, 0.5]],
    [[0.5, 0.5, 1, 1]],
  ]);
});

test("a box without area is of no object that is there", () => {
  expect(
    boxUnder(
      [
        [0, 0, 0, 0],
        [0.5, 0.5, 1, 1],
      ],
      [0, 1],
      0,
      0,
    ),
  ).toBe(1);
});
