/** Axes of features, objects and frames: names, values, dates, and the parts of a sound. */
import { expect, test } from "vitest";
import type { Axis, Sample, SampleInput } from "../src/api/wire";
import { dateTexts, dateTicks } from "../src/model/dates";
import { frameAt } from "../src/model/frames";
import { axisLabels } from "../src/model/labels";
import { firstPosition, isNamed, positionsOf, sameCells } from "../src/model/positions";
import { signalTicks, seriesOf } from "../src/model/signal";
import { spectrogramOf, transform } from "../src/model/spectrogram";
import { ofAverage, obstacleOf } from "../src/model/averages";
import { site } from "./helpers";

const given = (input: Partial<SampleInput>, index = 0): Sample => ({
  id: "a",
  index,
  label: null,
  inputs: [{ name: "x", kind: "values", shape: [3], ...input }],
});
const along = (axis: Partial<Axis>, sample: Sample) =>
  positionsOf(site({}, [{ role: "key", size: 3, ...axis }]), "key", sample);
const days = (start: string, count: number) =>
  Array.from({ length: count }, (_, i) => new Date(Date.parse(start) + i * 864e5).toISOString().slice(0, 10));

test("columns of a table have their names and the values of the sample", () => {
  const table = { names: ["age", "income"], values: [[41], [1234.567]] };
  const axis = along({ kind: "features", extra: ["CLS"], input: 0 }, given(table));
  expect([0, 1, 2].map(axis.label)).toEqual(["CLS", "age", "income"]);
  expect([0, 1, 2].map(axis.name)).toEqual(["CLS", "“age” = 41", "“income” = 1235"]);
  expect(along({ kind: "features", input: 0 }, given(table)).label(0)).toBe("0");
});

test("names of objects are those of the sample, and bare numbers are told apart from them", () => {
  const own_names = [
    ["cat 0.93", "", "dog 0.71"],
    ["", "cat 0.5", ""],
  ];
  const box = [0, 0, 0.5, 0.5] as [number, number, number, number];
  const axis = (index: number) => along({ kind: "objects", own_names, boxes: [[box, box, box]] }, given({}, index));
  expect([0, 1, 2].map(axis(0).label)).toEqual(["cat 0.93", "object 1", "dog 0.71"]);
  expect([0, 1, 2].map((position) => isNamed(axis(0), position))).toEqual([true, false, true]);
  expect([firstPosition(axis(0)), firstPosition(axis(1))]).toEqual([0, 1]);
  expect(obstacleOf(site({}, [{ role: "key", size: 3, kind: "objects", own_names }]), [given({}), given({}, 1)])).toBe(
    "other names",
  );
});

test("dates say as much as they tell apart", () => {
  expect(dateTexts(["2024-02-28", "2024-03-01"])).toEqual(["28 Feb 2024", "1 Mar 2024"]);
  expect(dateTexts(["2024-02-01", "2024-03-01"])).toEqual(["Feb 2024", "Mar 2024"]);
  expect(dateTexts(["2024-01-01", "2025-01-01"])).toEqual(["2024", "2025"]);
  expect(dateTexts(["2024-01-01T00:00", "2024-01-01T06:30:05"])).toEqual(["1 Jan 2024 00:00", "1 Jan 2024 06:30:05"]);
  expect(dateTexts(["nonsense"])).toEqual(["nonsense"]);
});

test("an axis of dates is labelled at days, weeks, months or years, by the room", () => {
  const texts = (dates: string[], room: number) => dateTicks(dates, room).map(({ text }) => text);
  expect(texts(days("2024-02-27", 5), 1)).toEqual(["28 Feb", "29 Feb", "1 Mar", "2 Mar"]);
  expect(texts(days("2024-01-01", 22), 5)).toEqual(["1 Jan 2024", "8 Jan", "15 Jan", "22 Jan"]);
  expect(texts(days("2023-11-15", 90), 25)).toEqual(["Dec", "2024", "Feb"]);
  expect(texts(days("2020-01-01", 1500), 200)).toEqual(["1 Jan 2020", "2021", "2022", "2023", "2024"]);
  expect(dateTicks(["2024-99-99", "no date"], 1)).toEqual([]);
  // None lies nearer to the next than there is room.
  for (const room of [1, 3, 8, 20, 50, 120]) {
    const ticks = dateTicks(days("2021-03-09", 1000), room).map(({ index }) => index);
    expect(Math.min(...ticks.slice(1).map((index, i) => index - ticks[i]!))).toBeGreaterThanOrEqual(room);
  }
});

test("labels of a matrix are those dates, and the marked one is written in full", () => {
  const dates = days("2023-12-20", 40);
  const positions = along({ size: 40, kind: "frames", dates: [dates] }, given({}));
  const view = { positions, from: 0, to: 40, pixels: 400, room: 70, markedRoom: 70 };
  const labels = axisLabels(view, [30]);
  expect(labels.map(({ text, marked }) => [text, marked])).toEqual([
    ["19 Jan 2024", true],
    ["25 Dec", false],
    ["1 Jan", false],
    ["8 Jan", false],
  ]);
  expect(positions.name(30)).toBe("19 Jan 2024");
});

const SOUND = { audio: { rate: 100, shape: [200], encoding: "signed8_row" as const } };

test("frames cover a sound by their pixels, their seconds, or evenly", () => {
  const starts = (axis: Partial<Axis>) => along({ kind: "frames", input: 0, ...axis }, given(SOUND)).frames;
  expect(starts({})![2]).toEqual({ start: 2 / 3, end: 1 });
  const pixels = [{ axis: 1, of: 200, offset: -10, size: 40, stride: 80 }];
  expect(starts({ pixels })).toEqual([
    { start: 0, end: 0.15 },
    { start: 0.35, end: 0.55 },
    { start: 0.75, end: 0.95 },
  ]);
  expect(starts({ seconds: [0, 0.5, 1] })![2]).toEqual({ start: 0.5, end: 0.75 });
  expect(along({ kind: "frames", input: 0, pixels }, given(SOUND)).label(1)).toBe("0.7 s");
  expect(frameAt(starts({})!, [0, 1, 2], 0.6)).toBe(1);
  expect(along({ kind: "frames" }, given({})).frames).toBeNull();
  expect(sameCells(along({ kind: "frames" }, given(SOUND)), along({ kind: "frames", pixels }, given(SOUND)))).toBe(
    false,
  );
});

test("a sound is labelled in round seconds, a series by its dates", () => {
  const sound = along({ kind: "frames", input: 0 }, given(SOUND));
  expect(signalTicks(sound, sound.source, 280).map(({ at, text }) => [at, text])).toEqual([
    [0, "0.0 s"],
    [0.25, "0.5 s"],
    [0.5, "1.0 s"],
    [0.75, "1.5 s"],
    [1, "2.0 s"],
  ]);
  const series = {
    dates: ["2021-01-01", "2022-01-01", "2023-01-01"],
    values: [
      [1, 5],
      [2, null],
      [3, 7],
    ],
  };
  const axis = along({ kind: "frames", input: 0 }, given(series));
  expect(signalTicks(axis, axis.source, 300).map(({ text }) => text)).toEqual(["2021", "2022", "2023"]);
  expect(seriesOf(given(series).inputs[0]!)!.lines.map((line) => [...line])).toEqual([
    [1, 2, 3],
    [5, NaN, 7],
  ]);
});

test("an average is of no one sound, no values and no dates", () => {
  const one = site({}, [
    {
      role: "key",
      size: 3,
      kind: "frames",
      input: 0,
      dates: [
        ["2021-01-01", "2021-01-02", "2021-01-03"],
        ["x", "y", "z"],
      ],
    },
  ]);
  const { site: all, sample } = ofAverage(one, given({ ...SOUND, values: [[1], [2], [3]], names: ["a", "b", "c"] }));
  expect(positionsOf(all, "key", sample)).toMatchObject({ dates: null, frames: null, values: null });
  expect(positionsOf(all, "key", sample).label(0)).toBe("a");
});

test("the transform is that of its definition, and a tone is loudest at its pitch", () => {
  const values = [1, 2, -1, 3, 0, -2, 4, 1];
  const [real, imaginary] = [Float64Array.from(values), new Float64Array(8)];
  transform(real, imaginary);
  for (let k = 0; k < 8; k++) {
    const sum = (wave: (angle: number) => number) =>
      values.reduce((total, value, n) => total + value * wave((2 * Math.PI * k * n) / 8), 0);
    expect(real[k]).toBeCloseTo(sum(Math.cos), 9);
    expect(imaginary[k]).toBeCloseTo(-sum(Math.sin), 9);
  }
  const tone = Float32Array.from({ length: 8000 }, (_, i) => Math.sin((2 * Math.PI * 1000 * i) / 8000));
  const { rows, columns, loudness } = spectrogramOf(tone, 8000);
  const middle = loudness.slice(Math.floor(columns / 2) * rows, Math.floor(columns / 2) * rows + rows);
  expect(middle.indexOf(Math.max(...middle)) / rows).toBeCloseTo(0.25, 2);
});
