/** An example of a cell of the matrix: to which of the two classes its map is closer. */
import type { Site } from "../../api/wire";
import { kindWords } from "../kindWords";

interface ClassMean {
  name: string;
  /** Jensen-Shannon divergence of the example from the mean of the class, in bits. */
  divergence: number;
}

/** "Its attention is closer to that of Shirt (JS 0.012 bits) than to that of T-shirt (0.034)."; nothing where one is not a number. */
export function nearerText(site: Site | null, a: ClassMean, b: ClassMean): string {
  if (Number.isNaN(a.divergence) || Number.isNaN(b.divergence)) return "";
  const { noun } = kindWords(site);
  const bits = ({ divergence }: ClassMean) => divergence.toFixed(3);
  if (bits(a) === bits(b))
    return `Its ${noun} is as close to that of ${a.name} as to that of ${b.name} (JS ${bits(a)} bits).`;
  const [near, far] = a.divergence < b.divergence ? [a, b] : [b, a];
  return `Its ${noun} is closer to that of ${near.name} (JS ${bits(near)} bits) than to that of ${far.name} (${bits(far)}).`;
}
