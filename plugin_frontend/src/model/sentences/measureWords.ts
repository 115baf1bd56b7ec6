/** How a measure of heads is said: what having most of it is called, and its value. */
import type { Site } from "../../api/wire";
import { hasGateKind } from "../heads";
import { CHANGE, drawnByValues, measureTitle, type MeasureName } from "../headValues";
import { kindsText } from "../kindWords";
import { weightText } from "../ranking";

interface MeasureWords {
  /** Of the head that has most of it: "is most focused". */
  most: string;
  /** The same before a number of heads: "is the most focused of". */
  mostOf: string;
  /** What makes it so, with the value. */
  because: (value: string) => string;
  /** Its value alone. */
  value: (value: string) => string;
}

const WORDS: Record<MeasureName, MeasureWords> = {
  entropy: {
    most: "is most focused",
    mostOf: "is the most focused of",
    because: (value) => `lowest entropy, ${value} bits`,
    value: (value) => `entropy ${value} bits`,
  },
  largest: {
    most: "is most focused",
    mostOf: "is the most focused of",
    because: (value) => `largest weight, ${value} on average`,
    value: (value) => `largest weight ${value} on average`,
  },
  distance: {
    most: "looks least far",
    mostOf: "looks least far of",
    because: (value) => `mean distance ${value}`,
    value: (value) => `mean distance ${value}`,
  },
  first: {
    most: "looks most at the first key",
    mostOf: "looks most at the first key, of",
    because: (value) => `${value} on average`,
    value: (value) => `${value} on the first key`,
  },
  self: {
    most: "looks most at itself",
    mostOf: "looks most at itself, of",
    because: (value) => `${value} on average`,
    value: (value) => `${value} on itself`,
  },
  previous: {
    most: "looks most at the previous key",
    mostOf: "looks most at the previous key, of",
    because: (value) => `${value} on average`,
    value: (value) => `${value} on the previous key`,
  },
  [CHANGE]: {
    most: "changed most since the step before",
    mostOf: "changed most since the step before, of",
    because: (value) => `entropy by ${value} bits`,
    value: (value) => `entropy changed by ${value} bits`,
  },
};

const GATES: MeasureWords = {
  most: "has the largest value",
  mostOf: "has the largest value of",
  because: (value) => value,
  value: (value) => `largest value ${value}`,
};

/** Of a gate "largest" is its largest value; it is no weight, and says nothing of focus. */
export function measureWords(name: MeasureName, site?: Site | null): MeasureWords {
  if (site && hasGateKind(site) && name === "largest") return GATES;
  const title = measureTitle(name);
  return (
    WORDS[name] ?? {
      most: `has the highest ${title}`,
      mostOf: `has the highest ${title} of`,
      because: (value) => value,
      value: (value) => `${title} ${value}`,
    }
  );
}

/** "entropy 0.200 bits". */
export function measureText(name: MeasureName, value: number, site?: Site | null): string {
  return measureWords(name, site).value(weightText(value));
}

/** The same in a few letters, where its name is beside it: "0.200 bits". */
export function measureFigure(name: MeasureName, value: number): string {
  return `${weightText(value)}${name === "entropy" || name === CHANGE ? " bits" : ""}`;
}

const STRONG: Record<MeasureName, string> = {
  entropy: "low entropy",
  distance: "large distance",
  [CHANGE]: "large change",
};

/** What the strong end of a measure's colours stands for: "low entropy". Gates have no entropy: their largest value stands in. */
export function strongEnd(name: MeasureName, sites: Site[]): string {
  if (sites.length && sites.every(hasGateKind) && name !== CHANGE) return "large value";
  return STRONG[name] ?? measureTitle(name).replace(/ \(.*/, "");
}

/** What the film shows of all heads, in a few words and in full: heads by a measure, gates by their values. */
export function filmOfHeads(name: MeasureName, sites: Site[]): { label: string; title: string } {
  const byValues = sites.filter((site) => drawnByValues(site, name));
  const byMeasure = sites.filter((site) => !byValues.includes(site));
  const values = `values of all ${kindsText(byValues)}`;
  if (!byMeasure.length && byValues.length) return { label: "values over steps", title: values };
  const title = pictureOfHeads(name, byMeasure);
  return { label: strongEnd(name, byMeasure), title: byValues.length ? `${title}, ${values}` : title };
}

/** Which steps have a frame, where not all have: "every 20th epoch". */
export function thinnedFilm(every: number, counted: string): string {
  return `every ${every}${every === 2 ? "nd" : "th"} ${counted}`;
}

/** What a picture of all heads by a measure shows, in a few words: "low entropy of all heads". */
function pictureOfHeads(name: MeasureName, sites: Site[]): string {
  return `${strongEnd(name, sites)} of all ${kindsText(sites)}`;
}
