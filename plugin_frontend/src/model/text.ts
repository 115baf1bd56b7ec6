/** A sample as running text: each token with what stands between it and the one before, from the text if it can be found there. */
import { invisibleMark } from "./invisible";
import { isSpecialToken } from "./special";

export interface Word {
  /** The tokens that it is made of, as positions of the axis. */
  positions: number[];
  text: string;
  /** What stands before it: spaces, line breaks, signs that are no tokens. */
  before: string;
}

const CONTINUES = "##";
/** In front of tokens that begin a word: SentencePiece and byte-level BPE. */
const BEGINS = /^[▁Ġ]/;
const LINE_BREAK = /^[▁Ġ]?(Ċ+|\n+)$/;
const WORDLIKE = /[\p{L}\p{N}_]/u;
/** Scripts without spaces: characters that touch are words of their own. */
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]/u;
/** So far ahead a token is looked for; a later one is another occurrence of the word. */
const REACH = 60;

/** A token as one reads it, without the marks of its tokenizer. */
export function readable(token: string): string {
  if (LINE_BREAK.test(token)) return "\n";
  if (token.startsWith(CONTINUES) && token.length > 2) return token.slice(2);
  return BEGINS.test(token) && token.length > 1 ? token.slice(1) : token;
}

function joined(tokens: string[], shown: number[]): Word[] {
  const marked = shown.some((position) => BEGINS.test(tokens[position] ?? ""));
  return shown.map((position, i) => {
    const token = tokens[position] ?? "";
    const glued = token.startsWith(CONTINUES) || (marked && !BEGINS.test(token) && !isSpecialToken(token));
    const broken = LINE_BREAK.test(tokens[shown[i - 1] ?? -1] ?? "");
    return { positions: [position], text: readable(token), before: i === 0 || glued || broken ? "" : " " };
  });
}

/** What lies between two tokens that were found goes to those between them that were not, one part of it to each. */
function fill(words: Word[], gap: string): string {
  const lost = words.filter((word) => !isSpecialToken(word.text));
  const parts = gap.split(/\s+/).filter(Boolean);
  if (!lost.length || parts.length !== lost.length) return gap;
  let rest = gap;
  lost.forEach((word, i) => {
    const at = rest.indexOf(parts[i]!);
    word.before = rest.slice(0, at);
    word.text = parts[i]!;
    rest = rest.slice(at + parts[i]!.length);
  });
  return rest;
}

function aligned(tokens: string[], shown: number[], text: string): { words: Word[]; after: string } | null {
  const small = text.toLowerCase();
  const where = small.length === text.length ? small : text;
  const words: Word[] = [];
  let cursor = 0;
  let missing: Word[] = [];
  let found = 0;
  for (const position of shown) {
    const token = readable(tokens[position] ?? "");
    const word = { positions: [position], text: token, before: words.length ? " " : "" };
    words.push(word);
    const at =
      token && !isSpecialToken(token) ? where.indexOf(where === small ? token.toLowerCase() : token, cursor) : -1;
    if (at < 0 || at - cursor > REACH * (1 + missing.length)) {
      missing.push(word);
      continue;
    }
    word.before = fill(missing, text.slice(cursor, at));
    if (missing.length && !word.before && !missing.at(-1)!.before.trim() && isSpecialToken(missing.at(-1)!.text))
      word.before = " ";
    word.text = text.slice(at, at + token.length);
    cursor = at + token.length;
    missing = [];
    found++;
  }
  return found * 2 >= shown.length ? { words, after: text.slice(cursor) } : null;
}

/** Pieces that touch, of letters or digits, are one word. */
function grouped(words: Word[]): Word[] {
  const whole: Word[] = [];
  for (const word of words) {
    const last = whole.at(-1);
    const [end, start] = [last?.text.at(-1) ?? "", word.text[0] ?? ""];
    const touch = word.before === "" && WORDLIKE.test(end) && WORDLIKE.test(start);
    if (last && touch && !UNSPACED.test(end) && !UNSPACED.test(start)) {
      last.positions.push(...word.positions);
      last.text += word.text;
    } else whole.push({ ...word, positions: [...word.positions] });
  }
  return whole;
}

/** A word of which nothing could be seen, as a mark; a line still breaks behind it. */
function marked(word: Word): Word {
  const mark = invisibleMark(word.text);
  return mark ? { ...word, text: mark + (word.text.includes("\n") ? "\n" : "") } : word;
}

/**
 * The shown tokens in running text.
 *
 * `text`: the text that the tokens come from; where fewer than half of them are found in it, in order, they are joined instead.
 * `asWords`: whether the pieces of a word are one. `after`: what is left of the text, for instance what was cut off.
 */
export function layoutText(
  tokens: string[],
  shown: number[],
  text: string | null,
  asWords: boolean,
): { words: Word[]; after: string } {
  const found = (text && aligned(tokens, shown, text)) || { words: joined(tokens, shown), after: "" };
  const words = asWords ? grouped(found.words) : found.words;
  return { ...found, words: words.map(marked) };
}
