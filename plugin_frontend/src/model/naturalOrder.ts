/** Texts in the order in which people count: 16, 128, 256, and 1e-3 before 0.01. */

const NUMBER = /(\d+(?:\.\d+)?(?:e[+-]?\d+)?)/i;

export function naturalOrder(a: string, b: string): number {
  const [x, y] = [a.split(NUMBER), b.split(NUMBER)];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    // Every second part is a number.
    const by = i % 2 ? Number(x[i]) - Number(y[i]) : x[i]!.localeCompare(y[i]!, "en");
    if (by) return by;
  }
  return x.length - y.length || (a < b ? -1 : a > b ? 1 : 0);
}
