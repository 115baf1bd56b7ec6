/** Which groups of classes are folded, and how the address says it. */

/** With more classes than this, groups that the log gives are folded at first. */
export const MANY_CLASSES = 60;

/** `text`: what `foldedText` wrote, null for nothing chosen; `tops`: the paths of all groups of the first level. */
export function foldedGroups(text: string | null, tops: string[], many: boolean): ReadonlySet<string> {
  if (text === "none" || (text === null && !many)) return new Set();
  if (text === null || text === "all") return new Set(tops);
  if (!text.startsWith("-")) return new Set(text.split(","));
  const open = new Set(text.slice(1).split(","));
  return new Set(tops.filter((path) => !open.has(path)));
}

/** null for what is folded at first; else "none", "all", the folded ones, or "-" and those that are not, whichever is shorter. */
export function foldedText(folded: ReadonlySet<string>, tops: string[], many: boolean): string | null {
  const all = tops.every((path) => folded.has(path));
  const onlyTops = [...folded].every((path) => tops.includes(path));
  if (folded.size === 0) return many ? "none" : null;
  if (all && onlyTops) return many ? null : "all";
  const listed = [...folded].join(",");
  const open = `-${tops.filter((path) => !folded.has(path)).join(",")}`;
  return onlyTops && open.length < listed.length ? open : listed;
}
