/** Several samples: how many are wrong, or where a word occurs. */
import type { SampleRow } from "../browse";
import { rankedKeywords, type Keyword, type KeywordOrder } from "../keywords";
import { percentText, timesText } from "./amounts";
import { mentioned, named, plain, strong, type Part } from "./part";
import { metricText } from "../timeline";
import type { Use } from "../wordUses";

export interface WordFacts {
  word: string;
  uses: Use[];
  /** Of those asked so far. */
  shares: { received: { weight: number }[]; uniform: number }[];
  samples: number;
  /** The head whose weights the sentence gives. */
  head: string;
}

const times = (count: number) => `${count.toLocaleString("en")} ${count === 1 ? "time" : "times"}`;

export function describeWord({ word, uses, shares, samples, head }: WordFacts): Part[] {
  const count = uses.reduce((sum, use) => sum + use.count, 0);
  const known = shares
    .flatMap(({ received, uniform }) => received.map(({ weight }) => weight / uniform))
    .filter((share) => share === share);
  const mean = known.reduce((sum, share) => sum + share, 0) / known.length;
  const asked =
    shares.length < uses.length
      ? ` (in the ${shares.length === 1 ? "sample" : `${shares.length} samples`} seen so far)`
      : "";
  return [
    named(`“${word.trim()}”`),
    plain(` occurs ${times(count)} in ${uses.length.toLocaleString("en")} of ${samples.toLocaleString("en")} samples`),
    ...(known.length
      ? [
          plain("; as a key it gets "),
          strong(`${timesText(mean)} times uniform`),
          plain(" in "),
          mentioned(head),
          plain(asked),
        ]
      : []),
    plain("."),
  ];
}

export interface KeywordFacts {
  words: Keyword[];
  order: KeywordOrder;
  /** How many are listed. */
  samples: number;
  /** The head whose weights they are. */
  head: string;
}

/** Which word of the listed samples gets most. */
export function describeKeywords({ words, order, samples, head }: KeywordFacts): Part[] {
  const [first, second] = rankedKeywords(words, order, 2);
  if (!first) return [];
  const those = `${samples.toLocaleString("en")} ${samples === 1 ? "sample" : "samples"}`;
  const uses = `in ${first.uses.toLocaleString("en")} ${first.uses === 1 ? "use" : "uses"}`;
  const amounts: Record<KeywordOrder, Part[]> = {
    use: [strong(`${timesText(first.perUse)} times uniform`), plain(` per use, ${uses}`)],
    share: [strong(percentText(first.share)), plain(` of all attention, ${uses}`)],
    lead: [
      strong(percentText(first.share)),
      plain(` of all attention, ${uses}, and ${percentText(first.share - first.lead)} in the other samples`),
    ],
  };
  return [
    plain(order === "lead" ? `Typical of ${those}: ` : `In ${those} `),
    mentioned(head),
    plain(" gives "),
    named(`“${first.word}”`),
    plain(order === "lead" ? " " : " most: "),
    ...amounts[order],
    ...(second ? [plain("; then "), named(`“${second.word}”`)] : []),
    plain("."),
  ];
}

/** Its first words, or its id; it leads to the sample. */
function sampleName({ sample, text }: SampleRow): Part {
  const words = text === sample.id ? `#${sample.id}` : `“${text.trim()}”`;
  return mentioned(words, { kind: "sample", id: sample.id });
}

export function describeTable(rows: SampleRow[], stepName: string, beforeName: string | null): Part[] {
  const judged = rows.filter((row) => row.right !== null);
  const wrong = judged.filter((row) => row.right === false).length;
  const losses = rows.map((row) => row.loss).filter((loss) => loss === loss);
  const mean = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const finite = rows.filter(({ loss }) => Number.isFinite(loss));
  const worst = finite.length ? finite.reduce((a, b) => (b.loss > a.loss ? b : a)) : null;
  const flipped = rows.filter((row) => row.flipped).length;
  if (!judged.length)
    return [
      strong(rows.length.toLocaleString("en")),
      plain(` ${rows.length === 1 ? "sample" : "samples"}; none can be judged right or wrong.`),
    ];
  return [
    strong(`${wrong.toLocaleString("en")} of ${judged.length.toLocaleString("en")}`),
    plain(` ${judged.length === 1 ? "sample is" : "samples are"} wrong at ${stepName}`),
    ...(losses.length ? [plain(", mean loss "), strong(metricText(mean))] : []),
    ...(worst && losses.length > 1
      ? [plain(", the largest "), strong(metricText(worst.loss)), plain(" of "), sampleName(worst)]
      : []),
    ...(beforeName ? [plain("; "), strong(flipped.toLocaleString("en")), plain(` changed since ${beforeName}`)] : []),
    plain("."),
  ];
}
