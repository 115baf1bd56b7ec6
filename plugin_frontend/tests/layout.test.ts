import { expect, test } from "vitest";
import { TimelineGeometry } from "../src/chart/slots";
import { layOutRows } from "../src/model/epochRows";
import { thinned } from "../src/model/thinned";

test("a long list is thinned to what fits, and the current one stays", () => {
  const steps = Array.from({ length: 1000 }, (_, step) => step);
  expect(thinned(steps, 55, (step) => step === 777)).toEqual({
    shown: [
      ...Array.from({ length: 39 }, (_, i) => i * 20),
      777,
      ...Array.from({ length: 11 }, (_, i) => 780 + i * 20),
    ],
    every: 20,
  });
  expect(thinned(steps.slice(0, 55), 55, () => false)).toEqual({ shown: steps.slice(0, 55), every: 1 });
  expect(thinned(steps.slice(0, 56), 55, (step) => step === 55).shown.at(-1)).toBe(55);
});

test("144 heads fit into the view of a window of 1280 x 800, with gaps between the layers", () => {
  const { pitch, tops, height } = layOutRows(Array<number>(12).fill(12), 492);
  expect(pitch).toBe(3);
  expect(height).toBeLessThanOrEqual(492);
  expect(tops[1]! - tops[0]!).toBeGreaterThan(12 * pitch);
});

test("rows grow with the room, up to the height of a line of text, and never vanish", () => {
  expect(layOutRows(Array<number>(12).fill(12), 900).pitch).toBe(5);
  expect(layOutRows([2, 2], 900)).toMatchObject({ pitch: 18, numbered: 1 });
  const many = layOutRows(Array<number>(48).fill(32), 492);
  expect(many).toMatchObject({ pitch: 3, numbered: 4 });
  expect(many.height).toBeGreaterThan(492);
});

test("there is room for the outline of the first and the last row", () => {
  for (const room of [100, 500, 900]) {
    const { pitch, tops, height } = layOutRows([3, 5], room);
    expect(tops[0]).toBeGreaterThanOrEqual(3);
    expect(height - (tops[1]! + 5 * pitch)).toBeGreaterThanOrEqual(3);
  }
});

test("under 4 pixels a slot the timeline has no dots, but a film of some of the steps", () => {
  expect(new TimelineGeometry(1000, false, 684).hasDots).toBe(false);
  expect(new TimelineGeometry(100, false, 684).hasDots).toBe(true);
  for (const slots of [3, 100, 1000, 10_000, 1_000_000]) {
    const geometry = new TimelineGeometry(slots, false, 684);
    expect(geometry.filmEvery * geometry.slotWidth).toBeGreaterThanOrEqual(24);
    // No frame more could be left out: the next smaller number is too narrow.
    if (geometry.filmEvery > 1) expect((geometry.filmEvery / 2.5) * geometry.slotWidth).toBeLessThan(24);
  }
  expect(new TimelineGeometry(3, false, 684).filmEvery).toBe(1);
});
