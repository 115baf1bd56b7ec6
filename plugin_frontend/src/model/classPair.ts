/** The names of two classes in the room of a line: both stay readable. */
import { withoutMiddle } from "./shortNames";

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
