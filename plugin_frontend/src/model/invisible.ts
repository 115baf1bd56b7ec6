/** Tokens that cannot be seen, as marks: an empty one, spaces, line breaks, characters without width. */

const VISIBLE = /[^\p{Z}\p{C}\p{M}\p{Default_Ignorable_Code_Point}]/u;
const MARKS: Record<string, string> = { " ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥", "\u00a0": "⍽" };

const markOf = (character: string) =>
  MARKS[character] ?? `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, "0")}`;

/** The marks of a token of which nothing can be seen; null for others. */
export function invisibleMark(token: string): string | null {
  if (token === "") return "∅";
  return VISIBLE.test(token) ? null : [...token].map(markOf).join("");
}
