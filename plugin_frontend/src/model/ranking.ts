/** What a row or column of a map says: its weights in order. */

export interface Ranked {
  position: number;
  weight: number;
}

/** The positions `among` which to choose, by falling weight; those that are NaN come last. */
export function ranked(weights: Float32Array, among: number[]): Ranked[] {
  const entries = among.map((position) => ({ position, weight: weights[position] ?? NaN }));
  const key = (weight: number) => (weight === weight ? weight : -Infinity);
  return entries.sort((a, b) => key(b.weight) - key(a.weight) || a.position - b.position);
}

/** 1 for the largest weight; equal weights share the better rank. */
export function rankOf(weights: Float32Array, position: number, among: number[]): number {
  const weight = weights[position] ?? NaN;
  return 1 + among.filter((other) => weights[other]! > weight).length;
}

/** A weight with three significant digits, as the screen shows all of them: "0.169", "0.0123", "2.1e-5". */
export function weightText(weight: number): string {
  if (weight !== weight) return "NaN";
  if (weight === 0) return "0";
  const size = Math.abs(weight);
  if (size < 1e-3) return weight.toExponential(2);
  return size >= 100 ? weight.toFixed(0) : weight.toPrecision(3);
}

/** A number of a sample, with at most four significant digits: "17.99", "1040", "0.1184". */
export function numberText(value: number): string {
  if (!Number.isFinite(value)) return "NaN";
  const size = Math.abs(value);
  if (size >= 1e7 || (size > 0 && size < 1e-4)) return value.toPrecision(3);
  return String(size >= 1000 ? Math.round(value) : Number(value.toPrecision(4)));
}
