/** Paints how focused each head is, small: a row a site, a column a head. */
import type { Ramp } from "../color/ramp";
import { hatchAt } from "./hatch";
import type { Rect } from "./heatmap";

/** `shares`: for each site, 0 to 1 for each of its heads; cells without a head stay empty, NaN is hatched. */
export function paintFocus(pixels: Uint32Array, stride: number, rect: Rect, shares: number[][], ramp: Ramp): void {
  const columns = Math.max(1, ...shares.map((row) => row.length));
  for (let y = 0; y < rect.height && shares.length; y++) {
    const row = shares[Math.floor((y / rect.height) * shares.length)]!;
    for (let x = 0; x < rect.width; x++) {
      const share = row[Math.floor((x / rect.width) * columns)];
      if (share === undefined) continue;
      pixels[(rect.y + y) * stride + rect.x + x] = Number.isNaN(share) ? hatchAt(x, y) : ramp[Math.round(share * 255)]!;
    }
  }
}
