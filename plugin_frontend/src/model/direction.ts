/** The base direction of a text: that of its first letter, special tokens aside, so that "[CLS]" does not turn Hebrew around. */
import { isSpecialToken } from "./special";

export type Direction = "ltr" | "rtl";

/** Letters of the scripts that run from right to left. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\u{10800}-\u{10fff}\u{1e800}-\u{1efff}]/u;

export function directionOf(text: string): Direction {
  const words = text.split(/\s+/).filter((word) => !isSpecialToken(word));
  const [first = ""] = /\p{L}/u.exec(words.join(" ")) ?? [];
  return RIGHT_TO_LEFT.test(first) ? "rtl" : "ltr";
}
