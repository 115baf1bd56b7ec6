/** How far apart two rows of attention are: an example's, and the mean of a class. */

const bits = (share: number) => (share > 0 ? -share * Math.log2(share) : 0);

/**
 * Jensen-Shannon divergence in bits, from 0 (the same) to 1 (nothing in common), of rows made to sum to 1 (Lin, 1991). NaN
 * where they differ in length or one of them is empty, negative or not a number.
 */
export function rowDivergence(a: Float32Array, b: Float32Array): number {
  const sum = (row: Float32Array) => row.reduce((total, weight) => (weight < 0 ? NaN : total + weight), 0);
  const [sumA, sumB] = [sum(a), sum(b)];
  if (a.length !== b.length || !(sumA > 0) || !(sumB > 0)) return NaN;
  let total = 0;
  for (let i = 0; i < a.length; i++) {
    const [p, q] = [a[i]! / sumA, b[i]! / sumB];
    total += bits((p + q) / 2) - (bits(p) + bits(q)) / 2;
  }
  return Math.max(0, total);
}
