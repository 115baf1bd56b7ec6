/** How far apart two maps of a head are. */
import { weightText } from "../ranking";

/** "layer_0 · head 3: 0.12 bits apart"; null: there is nothing to compare the head with. */
export function distanceText(name: string, divergence: number | null): string {
  if (divergence === null) return `${name}: no divergence`;
  if (Number.isNaN(divergence)) return `${name}: the divergence is not a number`;
  return `${name}: ${weightText(divergence)} bits apart`;
}
