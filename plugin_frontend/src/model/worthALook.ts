/** Up to three heads that are worth a look at a step, each with the numbers that say so. None is a valid outcome. */
import type { Site } from "../api/wire";
import { kindByMeasures, measuresOfHead, type HeadKind, type SiteGround } from "./headKinds";
import { headCounts, type HeadIndex } from "./heads";
import { hasDiverged, measureAt, type Measures } from "./measures";

/** A measure at two steps, given as indices in the measures. */
export interface Change {
  measure: "entropy" | "largest";
  before: number;
  then: number;
  at: number;
  now: number;
}

export type Reason = { head: HeadIndex } & (
  | { why: "not a number"; at: number; count: number }
  | { why: "broad"; change: Change; bits: number }
  | { why: "collapsed"; change: Change; bits: number }
  | { why: "changed"; change: Change; steps: number }
  | { why: "alone"; at: number; kind: HeadKind; among: number; measure: string; value: number }
);

export interface LookFacts {
  sites: Site[];
  measures: Measures | null;
  /** The step that is shown, as an index in the measures. Later steps are not read. */
  step: number;
  /** What uniform attention gives at each site; null for what is no attention. */
  grounds: (SiteGround | null)[];
  /** Of the heads of each site, at the step. */
  kinds: (HeadKind | null)[][];
}

const MOST_REASONS = 3;
/** Changes are sought over so many steps. */
const RECENT_STEPS = 3;
/** Smaller changes of the entropy (in bits) and of the largest weight of a gate are not worth a look. */
const LEAST_CHANGE = { entropy: 0.25, largest: 0.05 };
/** A head that was at most this part of uniform bits, and is broad now, became broad. */
const WAS_FOCUSED = 0.6;
/** A head that had at least the one part of the uniform bits and has at most the other now, collapsed. */
const [WAS_OPEN, COLLAPSED] = [0.5, 0.05];
/** To be the only one of its kind, a head has to be among so many. */
const FEWEST_HEADS = 6;

/** What is shown as evidence for a kind. */
const EVIDENCE: Partial<Record<HeadKind, string>> = {
  previous: "previous",
  first: "first",
  diagonal: "distance",
  block: "entropy",
  broad: "entropy",
  key: "largest",
  content: "largest",
};

export function worthALook(facts: LookFacts): Reason[] {
  const heads = headCounts(facts.sites).flatMap((count, site) =>
    Array.from({ length: count }, (_, head) => ({ site, head })),
  );
  const reasons = [notANumber(facts, heads), turned(facts, heads), changed(facts, heads), ...alone(facts, heads)];
  const named = new Set<string>();
  return reasons
    .filter((reason) => reason !== null)
    .filter(({ head: { site, head } }) => !named.has(`${site} ${head}`) && named.add(`${site} ${head}`))
    .slice(0, MOST_REASONS);
}

/** The first step at which weights are not a number, its first head, and how many heads have none at the step that is shown. */
function notANumber({ measures, step }: LookFacts, heads: HeadIndex[]): Reason | null {
  const count = heads.filter((_, flat) => hasDiverged(measures, step, flat)).length;
  for (let at = 0; at <= step; at++) {
    const flat = heads.findIndex((_, i) => hasDiverged(measures, at, i));
    if (flat >= 0) return { head: heads[flat]!, why: "not a number", at, count };
  }
  return null;
}

/** The head whose entropy went furthest, of those that became broad or attend to next to one key now, and were otherwise before. */
function turned(facts: LookFacts, heads: HeadIndex[]): Reason | null {
  const { measures, step, grounds } = facts;
  let best: Reason | null = null;
  let furthest = 0;
  heads.forEach((head, flat) => {
    const ground = grounds[head.site];
    const now = measureAt(measures, step, flat, "entropy");
    if (!ground || Number.isNaN(now)) return;
    const { bits } = ground.uniform;
    const isBroad = kindByMeasures(measuresOfHead(measures, step, flat), ground.uniform, ground.extra) === "broad";
    const isCollapsed = now <= COLLAPSED * bits;
    if (!isBroad && !isCollapsed) return;
    for (let before = 0; before < step; before++) {
      const then = measureAt(measures, before, flat, "entropy");
      const was = isBroad ? then <= WAS_FOCUSED * bits : then >= WAS_OPEN * bits;
      if (!was || Math.abs(now - then) <= furthest) continue;
      furthest = Math.abs(now - then);
      const change: Change = { measure: "entropy", before, then, at: step, now };
      best = { head, why: isBroad ? "broad" : "collapsed", change, bits };
    }
  });
  return best;
}

/** The largest change from one step to the next among the last steps. */
function changed({ measures, step, sites }: LookFacts, heads: HeadIndex[]): Reason | null {
  const from = Math.max(1, step - RECENT_STEPS + 1);
  let best: Reason | null = null;
  let largest = 1;
  heads.forEach((head, flat) => {
    // A gate has no entropy.
    const measure = Number.isNaN(measureAt(measures, step, flat, "entropy")) ? "largest" : "entropy";
    if (measure === "largest" && sites[head.site]!.kind !== "gate") return;
    for (let at = from; at <= step; at++) {
      const [then, now] = [measureAt(measures, at - 1, flat, measure), measureAt(measures, at, flat, measure)];
      const by = Math.abs(now - then) / LEAST_CHANGE[measure];
      if (!(by >= largest)) continue;
      largest = by;
      best = {
        ...{ head, why: "changed", steps: step - from + 1 },
        change: { measure, before: at - 1, then, at, now },
      };
    }
  });
  return best;
}

/** The heads that are the only ones of their kind. */
function alone({ measures, step, kinds }: LookFacts, heads: HeadIndex[]): Reason[] {
  const all = heads.map(({ site, head }) => kinds[site]?.[head] ?? null);
  const among = all.filter((kind) => kind !== null).length;
  if (among < FEWEST_HEADS) return [];
  return (Object.entries(EVIDENCE) as [HeadKind, string][]).flatMap(([kind, measure]) => {
    const flat = all.indexOf(kind);
    if (flat < 0 || all.lastIndexOf(kind) !== flat) return [];
    const value = measureAt(measures, step, flat, measure);
    return [{ head: heads[flat]!, why: "alone" as const, at: step, kind, among, measure, value }];
  });
}
