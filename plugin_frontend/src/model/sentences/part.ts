/** Sentences in parts, so that numbers stand out and names can be clicked. They are plain text: nothing in them is ever markup. */
import type { Step } from "../../api/wire";

/** Where a name in a sentence takes one. */
export type Target =
  | { kind: "head"; site: number; head: number }
  | { kind: "step"; step: Step }
  | { kind: "run"; run: string }
  | { kind: "sample"; id: string }
  | { kind: "cell"; truth: number; predicted: number };

export interface Part {
  text: string;
  look?: "strong" | "chosen" | "quiet";
  /** Whether it is a name, which may be shortened in the middle where there is no room; numbers never are. */
  name?: true;
  /** Where a click on it leads. */
  to?: Target;
}

export const plain = (text: string): Part => ({ text });
export const strong = (text: string): Part => ({ text, look: "strong" });
export const chosen = (text: string): Part => ({ text, look: "chosen" });
export const quiet = (text: string): Part => ({ text, look: "quiet" });

/** A name, with where it leads if it leads anywhere. */
export function named(text: string, to?: Target, look: "strong" | "chosen" = "strong"): Part {
  return { ...mentioned(text, to), look };
}

/** A name that does not stand out. */
export function mentioned(text: string, to?: Target): Part {
  return { text, name: true, ...(to ? { to } : {}) };
}

/** The name of a step, which leads there where the step is known. */
export function stepPart(name: string, step: Step | null | undefined): Part {
  return mentioned(name, step == null ? undefined : { kind: "step", step });
}

/** A sentence as one text. */
export function textOf(parts: Part[]): string {
  return parts.map(({ text }) => text).join("");
}
