/** What both languages must agree on: the names of a page's arrays, and the encodings. pytest checks the same file. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { answerFrom, fromBase64, heldLog } from "../src/api/held/log";
import { readNpy } from "../src/api/npy";
import { toNumber, type Encoding, type HeldIndex, type WireNumber } from "../src/api/wire";
import { decodeRows, encodeRows } from "../src/model/encoding";
import { series } from "./helpers";

interface Shared {
  parameters: HeldIndex["parameters"];
  bodies: { route: string; series: number; parameters: Record<string, string | number>; name: string }[];
  encodings: { encoding: Encoding; shape: number[]; npy: string; values: WireNumber[] }[];
}
const shared = JSON.parse(readFileSync("../tests/shared/wire.json", "utf-8")) as Shared;

test.each(shared.bodies)("the page finds the array $name", async (body) => {
  const answers = {
    runs: { version: "1", logdir: "", runs: [], unreachable: [] },
    series: ["a", "b", "c"].map((tag) => series([], { tag })),
    samples: [{}, {}, {}],
  };
  const index: HeldIndex = { answers, bodies: { [body.name]: 0 }, parameters: shared.parameters };
  const lines = [gzipSync(JSON.stringify(index)), Buffer.from([7])].map((bytes) => bytes.toString("base64"));
  const query = new URLSearchParams({ run: "run", tag: "abc"[body.series]!, v: "1" });
  for (const [name, value] of Object.entries(body.parameters)) query.set(name, String(value));
  const response = await answerFrom(heldLog(() => lines.join("\n")))(`page:///${body.route}?${query.toString()}`);
  expect(response.status).toBe(200);
  expect([...new Uint8Array(await response.arrayBuffer())]).toEqual([7]);
});

test.each(shared.encodings)("$encoding bytes mean these floats", ({ encoding, shape, npy, values }) => {
  const columns = shape.at(-1)!;
  const stored = readNpy(fromBase64(npy)).data;
  const decoded = decodeRows(stored, encoding, values.length / columns, columns);
  expect(decoded.length).toBe(values.length);
  values.map(toNumber).forEach((value, i) => {
    if (Number.isNaN(value)) expect(decoded[i]).toBeNaN();
    else expect(decoded[i]).toBeCloseTo(value, 6);
  });
});

test.each(shared.encodings)("floats become $encoding bytes that mean the same", ({ encoding, shape, values }) => {
  const columns = shape.at(-1)!;
  const weights = Float32Array.from(values.map(toNumber));
  const stored = encodeRows(weights, encoding, columns);
  // Half a code, next to the largest weight of the row.
  const half = { float32: 0, float16: 0, sqrt8_row: 1 / 255, signed8_row: 1 / 127 }[encoding];
  const largest = (i: number) =>
    Math.max(...weights.subarray(i - (i % columns), i - (i % columns) + columns).map(Math.abs));
  const decoded = decodeRows(stored, encoding, weights.length / columns, columns);
  weights.forEach((value, i) => {
    if (Number.isNaN(value)) expect(decoded[i]).toBeNaN();
    else if (decoded[i] !== value) expect(Math.abs(decoded[i]! - value)).toBeLessThanOrEqual(half * largest(i) + 1e-6);
  });
});
