import { expect, test } from "vitest";
import { noMaps, type Logged } from "../src/model/sentences";

const logged: Logged = { content: "attention", onlyEvents: false, samples: 0, predictions: false, metrics: false };
const said = (changes: Partial<Logged>) => {
  const { title, text } = noMaps({ ...logged, ...changes });
  return `${title}. ${text}`;
};

test("nothing is said of a search in a run that has matrices alone, and the matrices are offered", () => {
  const sentence = said({ content: null, metrics: true });
  expect(sentence).toContain("confusion matrices and no maps");
  expect(sentence).toContain("Still here: the metrics on the timeline.");
  expect(noMaps({ ...logged, content: null }).hasMatrices).toBe(true);
  for (const content of [null, "confusion", "attention"] as const) {
    expect(said({ content })).not.toMatch(/found|search/);
  }
});

test("samples, predictions and metrics are named where the log has them, and only there", () => {
  for (const content of [null, "confusion", "attention"] as const) {
    expect(said({ content })).not.toMatch(/sample|prediction|metric|Still here/);
  }
  expect(said({ samples: 4, predictions: true })).toMatch(/: 4 samples with predictions\.$/);
  expect(said({ samples: 1, metrics: true })).toMatch(/: 1 sample and the metrics on the timeline\.$/);
});

test("event files without the maps say where the maps are", () => {
  expect(said({ onlyEvents: true })).toContain("plugins/attention");
});

test("matrices without maps of examples do not speak for the model", () => {
  expect(said({ content: "confusion" })).toContain("No maps of examples are kept");
});
