/** Several indices in one parameter of an address. */

/** "0-3,7" for 0, 1, 2, 3 and 7. */
export function ranges(indices: number[]): string {
  const parts: [number, number][] = [];
  for (const index of [...indices].sort((a, b) => a - b)) {
    const last = parts.at(-1);
    if (last && index <= last[1] + 1) last[1] = index;
    else parts.push([index, index]);
  }
  return parts.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** 0, 1, 2, 3 and 7 for "0-3,7". */
export function indicesOf(text: string): number[] {
  return text.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
