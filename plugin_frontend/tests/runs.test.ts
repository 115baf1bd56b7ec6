import { expect, test } from "vitest";
import type { SeriesEntry } from "../src/api/wire";
import { naturalOrder } from "../src/model/naturalOrder";
import { focusRun, isReachableAgain, openingRun, pairedMatrices } from "../src/model/runs";

const entries = (...tags: string[]): SeriesEntry[] =>
  tags.map((tag) => ({
    tag,
    content: "confusion",
    attempts: [1],
    steps: 1,
    version: "1",
    status: null,
    only_events: false,
  }));

test("maps go with the matrices whose tag contains theirs", () => {
  const both = entries("attention confusion", "gated confusion");
  expect(pairedMatrices(both, "gated", null)?.tag).toBe("gated confusion");
  expect(pairedMatrices(both, "attention", null)?.tag).toBe("attention confusion");
  expect(pairedMatrices(entries("gated attention confusion", "attention confusion"), "attention", null)?.tag).toBe(
    "attention confusion",
  );
});

test("matrices that are chosen win, and without a like name there is still one", () => {
  const both = entries("attention confusion", "gated confusion");
  expect(pairedMatrices(both, "gated", "attention confusion")?.tag).toBe("attention confusion");
  expect(pairedMatrices(entries("confusion"), "attention", null)?.tag).toBe("confusion");
  expect(pairedMatrices(entries("a", "confusion"), "maps", "gone")?.tag).toBe("confusion");
  expect(pairedMatrices([], "maps", null)).toBeNull();
});

const listed = (run: string, written: number, state: "running" | "finished") => ({
  run,
  series: [{ ...entries("attention")[0]!, written, status: { state } }],
});

test("the tab opens on the run that trains, else on the newest, and stays there", () => {
  const answer = (...runs: ReturnType<typeof listed>[]) => ({ version: "1", logdir: "logs", runs, unreachable: [] });
  const [old, newer] = [listed("old", 1, "finished"), listed("newer", 2, "finished")];
  expect(openingRun(answer(newer, old))).toBe("newer");
  expect(openingRun(answer(old, listed("live", 1, "running"), newer))).toBe("live");
  expect(openingRun(answer())).toBeNull();
  expect(focusRun(answer(old, newer), null, "newer")?.run).toBe("newer");
  expect(focusRun(answer(old, newer), "old", "newer")?.run).toBe("old");
});

test("what failed is asked for again when one of the places answers again", () => {
  const answer = (...places: string[]) => ({
    version: "1",
    logdir: "logs",
    runs: [],
    unreachable: places.map((place) => ({ place, since: 1, reason: `${place} fails.` })),
  });
  expect(isReachableAgain(null, answer("s3://a"))).toBe(false);
  expect(isReachableAgain(answer(), answer("s3://a"))).toBe(false);
  expect(isReachableAgain(answer("s3://a"), answer("s3://a"))).toBe(false);
  expect(isReachableAgain(answer("s3://a", "s3://b"), answer("s3://b"))).toBe(true);
  expect(isReachableAgain(answer("s3://a"), answer("s3://b"))).toBe(true);
});

test("names of runs stand in the order in which people count", () => {
  const sorted = (...names: string[]) => [...names].sort(naturalOrder);
  expect(sorted("bs=128", "bs=16", "bs=256")).toEqual(["bs=16", "bs=128", "bs=256"]);
  expect(sorted("lr=0.1", "lr=1e-3", "lr=0.01")).toEqual(["lr=1e-3", "lr=0.01", "lr=0.1"]);
  expect(sorted("run/b", "run/a/2", "run/a/10", "run/a")).toEqual(["run/a", "run/a/2", "run/a/10", "run/b"]);
});
