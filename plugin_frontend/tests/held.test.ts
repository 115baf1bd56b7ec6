import { gunzipSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { readNpy } from "../src/api/npy";
import { answerFrom, heldLog } from "../src/api/held/log";
import { npyFile, npyTexts } from "../src/api/npyFile";
import { meanRow } from "../src/api/held/rows";
import { indicesOf } from "../src/api/ranges";
import { record, series, site } from "./helpers";

const PARAMETERS = {
  weights: ["step", "sample", "site"],
  overview: ["step", "sample"],
  matrix: ["step", "split"],
  labels: ["step", "split"],
};
const base64 = (bytes: Uint8Array | string) => Buffer.from(bytes).toString("base64");
// Two heads of three queries and keys; the second head is the first, times ten.
const FIRST = [0, 1, 2, 3, 4, 5, 6, 7, 8];
const WEIGHTS = Float32Array.from([...FIRST, ...FIRST.map((weight) => 10 * weight)]);

function page() {
  const steps = [record(0, { sites: 0 }), record(1, { sites: 0 })];
  const answers = {
    runs: { version: "page", logdir: "", runs: [], unreachable: [] },
    series: [series(steps)],
    samples: [{}],
  };
  const bodies = { "weights/0/0/0/0": 0, "weights/0/1/0/0": 1 };
  const index = { answers, bodies, parameters: PARAMETERS };
  const weights = gzipSync(npyFile([2, 3, 3], WEIGHTS));
  const later = gzipSync(
    npyFile(
      [2, 3, 3],
      WEIGHTS.map((weight) => weight + 1),
    ),
  );
  return answerFrom(heldLog(() => [gzipSync(JSON.stringify(index)), weights, later].map(base64).join("\n")));
}

async function array(response: Response) {
  expect(response.status).toBe(200);
  return readNpy(gunzipSync(new Uint8Array(await response.arrayBuffer())));
}

const at = (route: string) => `page:///${route}`;

test("routes are answered from the page, whatever versions are asked for", async () => {
  const answer = page();
  expect(await (await answer(at("runs"))).json()).toMatchObject({ version: "page" });
  expect(await (await answer(at("series?run=run&tag=attention&attempt=1"))).json()).toMatchObject({ attempt: 1 });
  const weights = await array(await answer(at("weights?tag=attention&step=1&sample=0&site=0&v=3")));
  expect([...weights.data.slice(0, 3)]).toEqual([1, 2, 3]);
});

test("what the page does not hold is a sentence", async () => {
  const missing = await page()(at("weights?tag=attention&step=1&sample=9&site=0"));
  expect(missing.status).toBe(404);
  expect(await missing.json()).toEqual({ error: "This page does not hold that part of the log." });
  expect((await page()(at("series?tag=other"))).status).toBe(404);
});

test("rows of queries are means, over the steps of a site and over the sites of a step", async () => {
  const over = await array(await page()(at("rows?tag=attention&sample=0&queries=0-1,9&site=0")));
  expect(over.shape).toEqual([2, 2, 3]);
  expect([...over.data]).toEqual([1.5, 2.5, 3.5, 15, 25, 35, 2.5, 3.5, 4.5, 16, 26, 36]);
  const one = await array(await page()(at("rows?tag=attention&sample=0&queries=2&step=0")));
  expect([...one.data]).toEqual([6, 7, 8, 60, 70, 80]);
  const none = await array(await page()(at("rows?tag=attention&sample=0&queries=7&step=0")));
  expect([...none.data].every(Number.isNaN)).toBe(true);
});

test("a gate has no queries: its own weights are its rows", () => {
  const gate = site({}, [
    { role: "heads", size: 1 },
    { role: "iteration", size: 2 },
    { role: "key", size: 2 },
  ]);
  expect([...meanRow(gate, Float32Array.from([1, 2, 3, 4]), [5])]).toEqual([2, 3]);
});

test("places are numbers and ranges with both ends", () => {
  expect(indicesOf("0-2,7")).toEqual([0, 1, 2, 7]);
});

test("texts are written as numpy's unicode, and read back as they were", () => {
  const file = npyTexts(["a", "日本", "😀"]);
  const start = 10 + (file[8]! | (file[9]! << 8));
  expect(new TextDecoder("latin1").decode(file.subarray(10, start))).toContain("'<U2'");
  const codes = new Uint32Array(file.slice(start).buffer);
  expect([...codes]).toEqual([97, 0, 0x65e5, 0x672c, 0x1f600, 0]);
  expect(start % 64).toBe(0);
});

/** A page with two steps of matrices of two classes; the second step has labels, too. */
function counts(kind: "classes" | "labels") {
  const steps = [record(0, { classes: 2 }), record(1, { classes: 2 })];
  const answers = { runs: {}, series: [series(steps, { tag: "confusion", content: "confusion" })], samples: [{}] };
  const bodies: Record<string, number> = { "matrix/0/1/validation": 0, "overview/0/1/0": 1 };
  if (kind === "labels") bodies["labels/0/1/validation"] = 2;
  const arrays = [
    npyFile([2, 2], Float64Array.from([3, 1, 2, 4])),
    npyFile([1], Uint8Array.of(7)),
    npyFile([2, 2, 2], Float64Array.from([1, 2, 3, 4, 5, 6, 7, 8])),
  ];
  const lines = [
    gzipSync(JSON.stringify({ answers, bodies, parameters: PARAMETERS })),
    ...arrays.map((array) => gzipSync(array)),
  ];
  return answerFrom(heldLog(() => lines.map(base64).join("\n")));
}

test("matrices of many steps come in one answer, NaN where a step has none", async () => {
  const found = await array(await counts("classes")(at("matrices?tag=confusion&split=validation&places=0-1")));
  expect(found.shape).toEqual([2, 2, 2]);
  expect([...found.data]).toEqual([NaN, NaN, NaN, NaN, 3, 1, 2, 4]);
});

test("the history is of cells, of classes or of labels", async () => {
  const cells = await array(await counts("classes")(at("history?tag=confusion&split=validation&cells=1.0,1.1")));
  expect([...cells.data]).toEqual([NaN, NaN, 2, 4]);
  const classes = await array(await counts("classes")(at("history?tag=confusion&split=validation")));
  expect(classes.shape).toEqual([2, 2, 3]);
  expect([...classes.data.slice(6)]).toEqual([3, 4, 5, 4, 6, 5]);
  const labels = await array(await counts("labels")(at("history?tag=confusion&split=validation")));
  expect([...labels.data.slice(6)]).toEqual([4, 7, 6, 8, 15, 14]);
});

test("overviews lie behind their lengths, 0 for a step without", async () => {
  const body = new Uint8Array(
    await (await counts("classes")(at("overviews?tag=confusion&steps=0,1&sample=0"))).arrayBuffer(),
  );
  const view = new DataView(body.buffer);
  expect(view.getUint32(0, true)).toBe(0);
  expect(view.getUint32(4, true)).toBe(body.length - 8);
});

test("means over samples are computed from those of the page", async () => {
  const label = (one: number) => ({ id: String(one), label: { class: one }, inputs: [] });
  const steps = [0, 1].map((step) =>
    record(step, { sites: 0, sample_count: 2, predictions: [0, step].map((one) => ({ class: one, probability: 1 })) }),
  );
  const set = { class_names: null, samples: [label(0), label(1)], thumbnails: null };
  const answers = {
    runs: { version: "page", logdir: "", runs: [], unreachable: [] },
    series: [series(steps)],
    samples: [{ set }],
  };
  const bodies = { "weights/0/0/0/0": 0, "weights/0/0/1/0": 1, "measures/0/0": 2, "measures/0/1": 3 };
  const index = { answers, bodies, parameters: { ...PARAMETERS, measures: ["sample"] } };
  const measures = [
    [1, 2, 3, 4, 5, NaN, 7, 8],
    [3, 2, 5, 4, 7, 6, NaN, NaN],
  ].map((values) => npyFile([2, 2, 2], Float32Array.from(values)));
  const second = npyFile(
    [2, 3, 3],
    WEIGHTS.map((weight) => weight + 4),
  );
  const files = [npyFile([2, 3, 3], WEIGHTS), second, ...measures].map((file) => gzipSync(file));
  const answer = answerFrom(heldLog(() => [gzipSync(JSON.stringify(index)), ...files].map(base64).join("\n")));
  const get = async (query: string) => [...(await array(await answer(at(query)))).data];
  const mean = await get("weights?tag=attention&step=0&samples=0-1&site=0");
  expect(mean).toEqual([...WEIGHTS].map((weight) => weight + 2));
  const apart = await get("weights?tag=attention&step=0&samples=0-1&site=0&deviation=1");
  expect(apart).toEqual([...WEIGHTS].map(() => 2));
  expect(await get("measures?tag=attention&samples=0-1")).toEqual([2, 2, 4, 4, 6, 6, NaN, NaN]);
  // The second sample is wrong at the first step, and none at the second.
  expect(await get("measures?tag=attention&samples=0-1&verdict=wrong")).toEqual([3, 2, 5, 4, NaN, NaN, NaN, NaN]);
  const missing = await answer(at("weights?tag=attention&step=0&samples=0-2&site=0"));
  expect(missing.status).toBe(404);
});
