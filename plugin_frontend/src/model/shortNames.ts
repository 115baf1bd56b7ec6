/** Long names of one list, shortened so that they stay different: what all of them share goes first. */

const WORDS = /\p{Lu}?\p{Ll}+|\p{Lu}+|\p{L}+|\d+|[^\p{L}\d]+/gu;
const CUT = "…";
/** So many letters of a word are kept, if nothing else makes the names short enough. */
const KEPT = [5, 3, 1];

/** The words one after the other; what was left out is one "…", whatever stood around it. */
function joined(words: string[]): string {
  return words
    .join("")
    .replace(/…[_.\s-]+|[_.\s-]+…/gu, CUT)
    .replace(/…(\/?…)+/gu, CUT);
}

/** At most `most` letters; of a longer name the middle is left out, because names often begin, or end, alike. */
export function withoutMiddle(name: string, most: number): string {
  const letters = Array.from(name);
  if (letters.length <= most) return name;
  const end = Math.floor((most - 1) / 2);
  return [...letters.slice(0, most - 1 - end), CUT, ...letters.slice(letters.length - end)].join("");
}

/**
 * `names` with at most `most` letters each, or more where they would not stay different. Words that all of them share
 * become "…"; if that is not enough, the others lose their ends. "encoder/layer_0/self_attention" beside
 * "decoder/layer_0/cross_attention" is "encoder/…0/self…".
 */
export function shortNames(names: string[], most: number): string[] {
  const lists = names.map((name) => name.match(WORDS) ?? [name]);
  const words = [...new Set(lists.flat())].filter((word) => /\p{L}/u.test(word)).sort((a, b) => b.length - a.length);
  const different = new Set(names).size;
  const forms = new Map<string, string>();
  let short = names;

  const isDone = () => short.every((name) => name.length <= most);
  const attempt = (word: string, form: string) => {
    const before = forms.get(word) ?? word;
    forms.set(word, form);
    const changed = lists.map((list) => joined(list.map((each) => forms.get(each) ?? each)));
    if (new Set(changed).size === different) short = changed;
    else forms.set(word, before);
  };

  if (names.length > 1)
    for (const word of words) if (!isDone() && lists.every((list) => list.includes(word))) attempt(word, CUT);
  for (const kept of KEPT)
    for (const word of words)
      if (!isDone() && names.length > 1 && forms.get(word) !== CUT && word.length > kept + 1)
        attempt(word, word.slice(0, kept) + CUT);
  const cut = short.map((name) => withoutMiddle(name, most));
  return new Set(cut).size === different ? cut : short;
}
