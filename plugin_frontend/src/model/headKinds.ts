/**
 * What kind of pattern a head has, from its measures and its pooled map; docs/kinds.md has the definitions and where they come from.
 * A head has a kind only if the numbers leave no other: everything else is "mixed".
 */
import type { Sample, Site } from "../api/wire";
import { flatHead, headCounts, type HeadIndex } from "./heads";
import { hasQueries, type AttentionMap } from "./maps";
import { hasBlocks, isCausal, shareNearDiagonal, shareOfBestKey, sharedPatterns } from "./mapPatterns";
import { measureAt, type Measures } from "./measures";
import { positionsOf } from "./positions";

/** In the order of legends. */
export const HEAD_KINDS = ["previous", "first", "diagonal", "block", "broad", "content", "key", "mixed"] as const;
export type HeadKind = (typeof HEAD_KINDS)[number];

/** With fewer keys nearly every pattern looks like every other. */
export const FEWEST_KEYS = 8;
/** Broad is an entropy of at most so many bits below uniform, which is spread over 60 % of the keys, or this part of it where that is less. */
const [BROAD_BITS, BROAD_PART] = [0.75, 0.2];
/** An entropy of at most this part of the uniform one lies on few keys: 5 of 50, 12 of 512. */
const FEW = 0.4;
/** A mean distance of at most this part of the uniform one is a band around the diagonal. */
const NEAR = 0.2;
/** Where a class token has more than this, too little is left for the cells to be most. */
const MOST_ASIDE = 0.3;
/** Blocks are sought where the entropy is at most so many bits below uniform (up to four equal ones), among so many rows. */
const [BLOCK_BITS, FEWEST_ROWS] = [2.25, 16];
/**
 * Keys follow from the content if less than the first share is on the commonest keys and distances, and fewer than the second part
 * of the queries agree on one with a weight that is at least the third.
 */
const [MOST_SHARED, MOST_AGREED, STRONG] = [0.5, 0.75, 0.2];

/** What attention gives that spreads evenly over all keys that a query may look at. */
export interface Uniform {
  keys: number;
  /** Entropy, in bits. */
  bits: number;
  first: number;
  self: number;
  previous: number;
  distance: number;
}

/** `cells`: the numbers of cells along each dimension, for a sequence its length. `causal`: no query looks behind itself. */
export function uniformAttention(keys: number, cells: number[], causal: boolean): Uniform {
  const distance = meanDistance(cells);
  const even = 1 / keys;
  if (!causal) return { keys, bits: Math.log2(keys), first: even, self: even, previous: even, distance };
  let [bits, harmonic] = [0, 0];
  for (let visible = 1; visible <= keys; visible++) {
    bits += Math.log2(visible) / keys;
    harmonic += 1 / visible;
  }
  // Query i sees i + 1 keys, in a sequence i / 2 away on average: about three quarters of the distance to all keys.
  const nearer = (3 * keys) / (4 * (keys + 1));
  const share = harmonic / keys;
  return {
    ...{ keys, bits, first: share, self: share },
    ...{ previous: (harmonic - 1) / (keys - 1), distance: nearer * distance },
  };
}

/** The mean Euclidean distance of two cells of a grid. */
function meanDistance(cells: number[]): number {
  let offsets = [{ square: 0, share: 1 }];
  for (const size of cells) {
    const along = Array.from({ length: size }, (_, by) => ({
      square: by * by,
      share: ((by ? 2 : 1) * (size - by)) / (size * size),
    }));
    offsets = offsets.flatMap((a) => along.map((b) => ({ square: a.square + b.square, share: a.share * b.share })));
  }
  return offsets.reduce((sum, { square, share }) => sum + share * Math.sqrt(square), 0);
}

export interface HeadMeasures {
  entropy: number;
  largest: number;
  distance: number;
  first: number;
  self: number;
  previous: number;
}

export function measuresOfHead(measures: Measures | null, step: number, flat: number): HeadMeasures {
  const of = (name: string) => measureAt(measures, step, flat, name);
  return {
    entropy: of("entropy"),
    largest: of("largest"),
    distance: of("distance"),
    first: of("first"),
    self: of("self"),
    previous: of("previous"),
  };
}

/** Kinds that measures alone tell. A head that looks at "few" keys may look at the same ones with all queries, or not. */
export const MEASURED_KINDS = ["previous", "first", "diagonal", "broad", "few", "mixed"] as const;
export type MeasuredKind = (typeof MEASURED_KINDS)[number];

/**
 * The kind as far as the measures tell it; null where they are not numbers, or there are too few keys.
 *
 * @param extra Positions before or among the cells of a grid, such as CLS. They have no distance.
 */
export function kindByMeasures(head: HeadMeasures, uniform: Uniform, extra: number): MeasuredKind | null {
  if (uniform.keys < FEWEST_KEYS || Number.isNaN(head.entropy)) return null;
  if (isMost(head.previous, uniform.previous)) return "previous";
  if (isMost(head.first, uniform.first)) return "first";
  if (isMost(head.self, uniform.self)) return "diagonal";
  // Distances are those among cells: they say nothing of what extra positions get, of which only the first is measured.
  const measured = extra === 0 || (extra === 1 && head.first < MOST_ASIDE);
  if (measured && head.distance <= NEAR * uniform.distance) return "diagonal";
  if (head.entropy >= uniform.bits - Math.min(BROAD_BITS, BROAD_PART * uniform.bits)) return "broad";
  const few = head.entropy <= FEW * uniform.bits || isMost(head.largest, 1 / uniform.keys);
  return few ? "few" : "mixed";
}

/** Whether a share is at least half of what uniform attention leaves to other keys. */
function isMost(share: number, even: number): boolean {
  return share >= (1 + even) / 2;
}

export interface KindFacts {
  head: HeadMeasures;
  uniform: Uniform;
  extra: number;
  causal: boolean;
  /** Without padding. */
  map: AttentionMap;
}

export function kindOf({ head, uniform, extra, causal, map }: KindFacts): HeadKind | null {
  const measured = kindByMeasures(head, uniform, extra);
  const cells = Math.min(map.rows, map.columns);
  if (measured === "few") return cells < FEWEST_KEYS ? "mixed" : kindOfFew(head, uniform, map, causal);
  const blocks = (measured === "broad" || measured === "mixed") && cells >= FEWEST_ROWS;
  return blocks && head.entropy >= uniform.bits - BLOCK_BITS && hasBlocks(map, causal) ? "block" : measured;
}

function kindOfFew(head: HeadMeasures, uniform: Uniform, map: AttentionMap, causal: boolean): HeadKind {
  // In a pooled map a cell may be large because of one query. Where the largest weights are so on average, it is not.
  if (isMost(head.largest, 1 / uniform.keys)) {
    if (isMost(shareOfBestKey(map), causal ? uniform.first : 1 / map.columns)) return "key";
    const near = shareNearDiagonal(map, causal);
    if (isMost(near.share, near.even)) return "diagonal";
  }
  const { share, agreed } = sharedPatterns(map, causal, STRONG);
  return share < MOST_SHARED && agreed < MOST_AGREED ? "content" : "mixed";
}

/** What does not depend on the step: how a site's heads are compared with uniform attention. Null for what has no kinds. */
export interface SiteGround {
  uniform: Uniform;
  extra: number;
  causal: boolean;
}

const ATTENTION = new Set(["self", "cross", "local"]);

/**
 * Gates, activations and routers have no kinds of heads, and what has no queries has no pattern. `maps`: the pooled ones of its
 * heads, without padding.
 */
function groundOf(site: Site, sample: Sample | null, maps: AttentionMap[]): SiteGround | null {
  if (!ATTENTION.has(site.kind) || !hasQueries(site) || !maps.length) return null;
  const keys = positionsOf(site, "key", sample);
  const shown = keys.shown.length;
  const causal = site.kind !== "cross" && isCausal(maps);
  const cells = keys.grid ?? [shown - keys.extra.length];
  return {
    uniform: uniformAttention(shown, cells, causal),
    extra: keys.extra.length,
    causal,
  };
}

/** The kinds of heads at one step, each derived when it is asked for: the views of one head need but one. */
export class KindsOfHeads {
  readonly #grounds = new Map<number, SiteGround | null>();
  readonly #kinds = new Map<number, HeadKind | null>();

  /** `maps`: for each site the pooled maps of its heads, without the padding of the sample. `step`: an index in the measures. */
  constructor(
    readonly sites: Site[],
    readonly sample: Sample | null,
    readonly maps: AttentionMap[][],
    readonly measures: Measures | null,
    readonly step: number,
  ) {}

  /** What the heads of a site are compared with; null for a site whose heads have no kinds. */
  ground(site: number): SiteGround | null {
    let ground = this.#grounds.get(site);
    if (ground === undefined) {
      const of = this.sites[site];
      ground = of ? groundOf(of, this.sample, this.maps[site] ?? []) : null;
      this.#grounds.set(site, ground);
    }
    return ground;
  }

  /** Null where the head has none. */
  kind({ site, head }: HeadIndex): HeadKind | null {
    const [ground, map] = [this.ground(site), this.maps[site]?.[head]];
    if (!ground || !map) return null;
    const flat = flatHead(this.sites, { site, head });
    let kind = this.#kinds.get(flat);
    if (kind === undefined) {
      kind = kindOf({ ...ground, head: measuresOfHead(this.measures, this.step, flat), map });
      this.#kinds.set(flat, kind);
    }
    return kind;
  }

  grounds(): (SiteGround | null)[] {
    return this.sites.map((_, site) => this.ground(site));
  }

  /** For each site those of its heads. */
  all(): (HeadKind | null)[][] {
    return headCounts(this.sites).map((heads, site) =>
      Array.from({ length: heads }, (_, head) => this.kind({ site, head })),
    );
  }
}
