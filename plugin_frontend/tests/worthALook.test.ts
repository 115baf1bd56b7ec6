import { expect, test } from "vitest";
import type { Axis } from "../src/api/wire";
import { uniformAttention, type HeadKind, type SiteGround } from "../src/model/headKinds";
import { reasonText } from "../src/model/sentences";
import { worthALook } from "../src/model/worthALook";
import { site } from "./helpers";

const NAMES = ["entropy", "largest", "distance", "first", "self", "previous"];
const uniform = uniformAttention(16, [16], false);
const ground: SiteGround = { uniform, extra: 0, causal: false };
const stepName = (step: number) => `epoch ${step + 1}`;

/** `entropies`: for each step those of the heads of one site over 16 keys, of which uniform attention has 4 bits. */
function facts(entropies: number[][], changes: { kind?: "self" | "gate"; kinds?: (HeadKind | null)[] } = {}) {
  const { kind = "self", kinds = [] } = changes;
  const heads = entropies[0]!.length;
  const axes: Axis[] = (["heads", "query", "key"] as const).map((role) => ({
    role,
    size: role === "heads" ? heads : 16,
  }));
  const gate = kind === "gate";
  const row = (value: number) => (gate ? [NaN, value, NaN, NaN, NaN, NaN] : [value, 0.2, 5, 0.1, 0.1, 0.1]);
  const bad = (value: number) => (Number.isNaN(value) ? NAMES.map(() => NaN) : row(value));
  const data = Float32Array.from(entropies.flatMap((step) => step.flatMap(bad)));
  return {
    sites: [site({ path: "attention", kind }, gate ? [axes[0]!, axes[2]!] : axes)],
    measures: { array: { shape: [entropies.length, heads, 6], data }, names: NAMES },
    step: entropies.length - 1,
    grounds: [gate ? null : ground],
    kinds: [kinds.length ? kinds : Array.from({ length: heads }, () => null)],
  };
}

test("where nothing stands out nothing is said", () => {
  expect(worthALook(facts([[3, 2, 2.5]]))).toEqual([]);
  expect(
    worthALook(
      facts([
        [3, 2, 2.5],
        [2.8, 2.2, 2.5],
      ]),
    ),
  ).toEqual([]);
  expect(worthALook({ ...facts([[3, 2]]), measures: null, step: -1 })).toEqual([]);
});

test("the head that changed most in the last three steps, at the step where it did", () => {
  const [reason, ...others] = worthALook(
    facts([
      [3, 1],
      [3, 2.5],
      [3, 2.5],
      [2.25, 2.5],
      [2, 2.5],
    ]),
  );
  expect(others).toEqual([]);
  expect(reason).toMatchObject({ why: "changed", head: { site: 0, head: 0 }, change: { before: 2, at: 3, then: 3 } });
  expect(reasonText(reason!, stepName)).toEqual({
    title: "changed most in the last 3 steps",
    evidence: "entropy (bits) 3.00 at epoch 3, 2.25 at epoch 4",
  });
});

test("a gate changes by its largest value", () => {
  const [reason] = worthALook(facts([[0.5], [0.8]], { kind: "gate" }));
  expect(reason).toMatchObject({ why: "changed", change: { measure: "largest" } });
  expect(reasonText(reason!, stepName).title).toBe("changed most in the last step");
});

test("a head became broad if it was focused before, and collapsed if its entropy was high before", () => {
  const [broad] = worthALook(facts([[1], [2.5], [3.5], [3.6]]));
  expect(broad).toMatchObject({ why: "broad", bits: 4, change: { before: 0, then: 1, at: 3 } });
  expect(reasonText(broad!, stepName).evidence).toBe("entropy 1.00 bits at epoch 1, now 3.60 of 4.00 at most");
  const [collapsed] = worthALook(facts([[2.5], [3.5], [0.125]]));
  expect(collapsed).toMatchObject({ why: "collapsed", change: { before: 1, then: 3.5, at: 2, now: 0.125 } });
  expect(reasonText(collapsed!, stepName)).toEqual({
    title: "came to one key per query",
    evidence: "entropy 3.50 bits at epoch 2, now 0.125",
  });
  // A head that starts focused and stays so has not collapsed, nor has one that is merely focused now.
  expect(worthALook(facts([[0.1], [0.1]])).map(({ why }) => why)).toEqual([]);
  expect(worthALook(facts([[3.5], [0.5]])).map(({ why }) => why)).toEqual(["changed"]);
});

test("weights that are not a number come first, with the step at which they began; a head is named once", () => {
  const reasons = worthALook(
    facts([
      [3, 3, 3],
      [3, NaN, 2],
      [NaN, NaN, 1],
    ]),
  );
  expect(reasons.map(({ why, head }) => [why, head.head])).toEqual([
    ["not a number", 1],
    ["changed", 2],
  ]);
  expect(reasonText(reasons[0]!, stepName)).toEqual({
    title: "not a number",
    evidence: "first at epoch 2; 2 heads are not a number now",
  });
});

test("steps after the one that is shown are not read", () => {
  const all = facts([[3], [3], [NaN]]);
  expect(worthALook({ ...all, step: 1 })).toEqual([]);
});

test("a head that is the only one of its kind is named with its share, among at least six", () => {
  const kinds: HeadKind[] = ["mixed", "broad", "broad", "first", "mixed", "mixed"];
  const same = Array.from({ length: 6 }, () => 3);
  const [reason, ...others] = worthALook(facts([same], { kinds }));
  expect(others).toEqual([]);
  expect(reason).toMatchObject({ why: "alone", kind: "first", head: { head: 3 }, among: 6 });
  expect(reasonText(reason!, stepName)).toEqual({
    title: "the only first token head of 6",
    evidence: "on the first key: 0.100",
  });
  expect(worthALook(facts([same.slice(1)], { kinds: kinds.slice(1) }))).toEqual([]);
});

test("of two heads that are alone in their kinds, one that is named already gives way to the other", () => {
  const kinds: HeadKind[] = ["previous", "diagonal", "mixed", "mixed", "broad", "broad"];
  const before = Array.from({ length: 6 }, () => 3);
  const reasons = worthALook(facts([before, [0.1, 3, 3, 3, 3, 3]], { kinds }));
  expect(reasons.map(({ why, head }) => [why, head.head])).toEqual([
    ["collapsed", 0],
    ["alone", 1],
  ]);
});
