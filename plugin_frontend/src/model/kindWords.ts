/** What the parts and the numbers of a site may be called: the one place that decides it, by the kind of the site. */
import type { Kind, Site } from "../api/wire";

export interface KindWords {
  /** What one map of the site is called, and several. */
  one: string;
  many: string;
  /** What one of several maps of the same site is called. */
  part: string;
  /** What is in a cell of a map. */
  value: "weight" | "value";
  /** Between a query and a key, or between a site without queries and a channel. */
  verb: string;
  /** The same of several, as in "all 5 queries". */
  verbOfMany: string;
  /** Between a key and a query. */
  passive: string;
  passiveMost: string;
  /** What one asks for: what the chosen query looks at, or what all of them do. */
  ways: readonly [string, string];
  /** The axes, with what they do. */
  query: string;
  key: string;
  /** What is said of an example that has been seen: "Where the model looked". */
  past: string;
  /** The same of a named example, between its name and the end. */
  pastOf: (name: string) => string;
  /** The maps as a subject: "Its attention". */
  noun: string;
}

const ATTENTION: KindWords = {
  one: "head",
  many: "heads",
  part: "head",
  value: "weight",
  verb: "looks at",
  verbOfMany: "look on average at",
  passive: "is looked at by",
  passiveMost: "is looked at most by",
  ways: ["look", "are looked at"],
  query: "query (looks)",
  key: "key (is looked at)",
  past: "Where the model looked",
  pastOf: (name) => `Where the model looked in ${name}`,
  noun: "attention",
};

const WORDS: Record<Kind, KindWords> = {
  self: ATTENTION,
  cross: ATTENTION,
  local: ATTENTION,
  router: {
    one: "router",
    many: "routers",
    part: "router",
    value: "weight",
    verb: "is sent to",
    verbOfMany: "are sent on average to",
    passive: "gets",
    passiveMost: "gets most of",
    ways: ["are sent to", "get"],
    query: "query (is sent)",
    key: "key (gets)",
    past: "Where the router sent it",
    pastOf: (name) => `Where the router sent ${name}`,
    noun: "routing",
  },
  gate: {
    one: "gate",
    many: "gates",
    part: "part",
    value: "value",
    verb: "lets through",
    verbOfMany: "let through on average",
    passive: "is let through by",
    passiveMost: "is let through most by",
    ways: ["of one", "on average"],
    query: "query",
    key: "key",
    past: "What the gate let through",
    pastOf: (name) => `What the gate let through of ${name}`,
    noun: "gate",
  },
  activation: {
    one: "activation",
    many: "activations",
    part: "part",
    value: "value",
    verb: "responds to",
    verbOfMany: "respond on average to",
    passive: "is responded to by",
    passiveMost: "is responded to most by",
    ways: ["of one", "on average"],
    query: "query",
    key: "key",
    past: "What the layer responded to",
    pastOf: (name) => `What the layer responded to in ${name}`,
    noun: "activation",
  },
};

export function kindWords(site: Pick<Site, "kind"> | null | undefined): KindWords {
  return WORDS[site?.kind ?? "self"] ?? ATTENTION;
}

/** "1 head", "12 heads". */
export function countText(count: number, words: Pick<KindWords, "one" | "many">): string {
  return `${count.toLocaleString("en")} ${count === 1 ? words.one : words.many}`;
}

/** What all maps of some sites are called together: "heads", "gates", "heads and gates". */
export function kindsText(sites: Pick<Site, "kind">[], count = 2): string {
  const words = [...new Set(sites.map((site) => (count === 1 ? kindWords(site).one : kindWords(site).many)))];
  return words.length < 2 ? (words[0] ?? (count === 1 ? "head" : "heads")) : listText(words);
}

/** "a", "a and b", "a, b and c". */
export function listText(words: string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

/** "Heads", "Gates", "Heads and gates": what all maps of some sites are called, as a title. */
export function kindsTitle(sites: Pick<Site, "kind">[], count = 2): string {
  const text = kindsText(sites, count);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** What one of several maps of a site is called: "head 3". */
export function partText(site: Pick<Site, "kind"> | null | undefined, index: number): string {
  return `${kindWords(site).part} ${index}`;
}
