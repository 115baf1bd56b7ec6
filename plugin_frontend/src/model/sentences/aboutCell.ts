/** An example of a cell of the matrix: why it was kept, and to which of the two classes its map is closer. */
import type { Site } from "../../api/wire";
import { kindWords } from "../kindWords";
import { metricText } from "../timeline";

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

export interface ExampleFacts {
  id: string;
  /** Its first words; null for a picture. */
  text: string | null;
  probability: number;
  /** NaN where it is not known. */
  loss: number;
  why: "tracked" | "random" | "certain";
  hasMaps: boolean;
}

const WHY = { tracked: "tracked", random: "chosen at random", certain: "among the most certain" };

/** "#3f2a: dear sir, probability 0.981, loss 3.960, chosen at random; its maps were not kept" */
export function exampleText({ id, text, probability, loss, why, hasMaps }: ExampleFacts): string {
  const parts = [
    ...(text === null ? [] : [text]),
    `probability ${metricText(probability)}`,
    ...(Number.isNaN(loss) ? [] : [`loss ${metricText(loss)}`]),
    WHY[why],
  ];
  return `#${id}: ${parts.join(", ")}${hasMaps ? "" : "; its maps were not kept"}`;
}

/** "3 tracked, 2 kept at this step" */
export function exampleCounts(tracked: number, kept: number): string {
  return [tracked ? `${tracked} tracked` : "", kept ? `${kept} kept at this step` : ""].filter(Boolean).join(", ");
}
