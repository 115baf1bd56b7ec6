/** The names of two classes in the room of a line: both stay readable. */

/** At most `most` characters; of a longer name the middle is left out, because names of classes often begin, or end, alike. */
export function withoutMiddle(name: string, most: number): string {
  const characters = [...name];
  if (characters.length <= most) return name;
  const end = Math.max(0, Math.floor((most - 1) / 2));
  return [...characters.slice(0, Math.max(1, most - 1 - end)), "…", ...characters.slice(characters.length - end)].join(
    "",
  );
}

function shortenedTo(name: string, room: number, widthOf: (text: string) => number): string {
  let [low, high] = [2, [...name].length];
  while (low < high) {
    const most = Math.ceil((low + high) / 2);
    if (widthOf(withoutMiddle(name, most)) <= room) low = most;
    else high = most - 1;
  }
  return withoutMiddle(name, low);
}

/** `room`: pixels for both names together. A name that needs less than half of it leaves the rest to the other. */
export function fitPair(a: string, b: string, room: number, widthOf: (text: string) => number): [string, string] {
  const [wide, wideToo] = [widthOf(a), widthOf(b)];
  if (!(room > 0) || wide + wideToo <= room) return [a, b];
  const forA = Math.max(room / 2, room - wideToo);
  const forB = Math.max(room / 2, room - wide);
  return [wide <= forA ? a : shortenedTo(a, forA, widthOf), wideToo <= forB ? b : shortenedTo(b, forB, widthOf)];
}
