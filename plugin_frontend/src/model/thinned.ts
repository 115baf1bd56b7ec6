/** Long lists where there is room for few: every k-th, and always the current one. */

/** So many choices a menu has at most. */
export const MOST_IN_MENU = 200;

export interface Thinned<T> {
  shown: T[];
  /** 1 where all are shown, else 2, 5, 10, 20, 50, ... */
  every: number;
}

/** At most `most` of a list in its order; those that `kept` names besides. */
export function thinned<T>(all: T[], most: number, kept: (item: T) => boolean): Thinned<T> {
  let every = 1;
  for (let i = 0; Math.ceil(all.length / every) > most; i++) every = [2, 5, 10][i % 3]! * 10 ** Math.floor(i / 3);
  return { shown: all.filter((item, i) => i % every === 0 || kept(item)), every };
}

/** "Every 20th step and the current one." */
export function thinnedText(every: number, what: string): string {
  return `Every ${every}${every === 2 ? "nd" : "th"} ${what} and the current one.`;
}
