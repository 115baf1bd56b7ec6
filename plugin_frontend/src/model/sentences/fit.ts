/** A sentence in the room that it has: on one line, else on two small ones, with names shortened in the middle as far as need be. */
import { withoutMiddle } from "../shortNames";
import type { Part } from "./part";

export interface FittedPart extends Part {
  /** The whole name where `text` is shortened. */
  whole?: string;
}

export interface FittedSentence {
  parts: FittedPart[];
  small: boolean;
}

const BUDGETS = [Infinity, 60, 44, 32, 24, 16, 12];
/** The small type against the usual one. */
const SMALL = 13 / 14;
/** Two lines hold a little less than twice one: no word is cut at the end of the first. */
const TWO_LINES = 1.85;
/** What follows a name and tells it from its like: "(word 31)", "· head 3". */
const ENDING = /^(.*?)( \([^()]*\)| · [^·]{1,24})?$/su;

/** At most `most` characters of a name, the middle left out; what is in brackets behind it, and its quotes, stay. */
export function shortName(name: string, most: number): string {
  const [, body = name, ending = ""] = ENDING.exec(name) ?? [];
  return withoutMiddle(body, most) + ending;
}

function shortened(parts: Part[], most: number): FittedPart[] {
  return parts.map((part) => {
    const text = part.name ? shortName(part.text, most) : part.text;
    return text === part.text ? part : { ...part, text, whole: part.text };
  });
}

/** `room`: pixels of a line. `widthOf`: pixels of a text in the usual type. */
export function fitSentence(parts: Part[], room: number, widthOf: (text: string) => number): FittedSentence {
  const width = (all: Part[]) => all.reduce((sum, { text }) => sum + widthOf(text), 0);
  if (!(room > 0) || width(parts) <= room) return { parts, small: false };
  let fitted: FittedPart[] = parts;
  for (const most of BUDGETS) {
    fitted = shortened(parts, most);
    if (width(fitted) * SMALL <= TWO_LINES * room) break;
  }
  return { parts: fitted, small: true };
}
