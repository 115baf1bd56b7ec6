/** A row of the timeline that a view fills: how one number, or one word, goes on from step to step. */

export interface LaneValue {
  /** What stands there where there is room: as short as a figure or a class. */
  text: string;
  /** How high its bar is: from 0 to 1 of the lane's largest. Left out, no bar is drawn. */
  share?: number;
  /** Right is teal with ✓, wrong red with ✗; left out where neither is meant. */
  right?: boolean | null;
}

export interface StepLane {
  /** Stands left of the row, and names it for screen readers: "Shirt → T-shirt". */
  name: string;
  /** The two classes of which a cell's name is made: where there is no room for both, both are shortened. */
  pair?: readonly [truth: string, predicted: string];
  /** One for each slot of the timeline, in its order; null where there is nothing, or nothing yet. */
  values: (LaneValue | null)[];
}

/** Counts of something at each slot as a lane with figures over bars; NaN where there is none. */
export function countLane(name: string, counts: number[], text: (count: number) => string): StepLane {
  const most = Math.max(0, ...counts.filter((count) => Number.isFinite(count)));
  const values = counts.map((count) =>
    Number.isFinite(count) ? { text: text(count), share: most > 0 ? count / most : 0 } : null,
  );
  return { name, values };
}

export interface Segment {
  /** First slot, and the one behind the last. */
  from: number;
  to: number;
  value: LaneValue;
  /** Where values that differ share a mark: which part of those that are judged is right, from 0 to 1; NaN where none is. */
  rightShare?: number;
}

/**
 * Neighbours that say the same are one segment; those with a bar stand alone, for their heights differ. Where slots are narrower
 * than a mark, `perMark` of them share one: the largest bar, or how many are right.
 */
export function segmentsOf(values: (LaneValue | null)[], perMark = 1): Segment[] {
  const found: Segment[] = [];
  for (let from = 0; from < values.length; from += perMark) {
    const to = Math.min(values.length, from + perMark);
    const segment = markOf(values.slice(from, to).filter((value) => value !== null));
    if (!segment) continue;
    const { value, rightShare } = segment;
    const last = found.at(-1);
    const joins = last?.to === from && value.share === undefined && rightShare === undefined;
    if (joins && last.rightShare === undefined && saysTheSame(last.value, value)) last.to = to;
    else found.push({ from, to, ...segment });
  }
  return found;
}

function saysTheSame(one: LaneValue, other: LaneValue): boolean {
  return one.text === other.text && one.right === other.right;
}

/** What one mark says of several values; null for none. */
function markOf(values: LaneValue[]): Omit<Segment, "from" | "to"> | null {
  const [first] = values;
  if (!first) return null;
  if (first.share !== undefined) return { value: values.reduce((a, b) => ((b.share ?? 0) > (a.share ?? 0) ? b : a)) };
  if (values.every((value) => saysTheSame(first, value))) return { value: first };
  const right = values.filter((value) => value.right === true).length;
  const judged = values.filter((value) => value.right != null).length;
  return { value: { text: mixedText(values, right, judged) }, rightShare: right / judged };
}

/** "12 of 43 right"; where that is not known, what most of them say: "cat, 30 of 43". */
function mixedText(values: LaneValue[], right: number, judged: number): string {
  if (judged) return `${right} of ${judged} right`;
  const counts = new Map<string, number>();
  for (const { text } of values) counts.set(text, (counts.get(text) ?? 0) + 1);
  const [text, count] = [...counts].sort((a, b) => b[1] - a[1])[0]!;
  return `${text}, ${count} of ${values.length}`;
}

/** "✗ T-shirt, wrong": one value as it is read beside its name. */
export function laneValueText({ text, right }: LaneValue): string {
  if (right === true) return `✓ ${text}, right`;
  return right === false ? `✗ ${text}, wrong` : text;
}

/** "Shirt → T-shirt: 3 at epoch 1 to epoch 4, 8 at epoch 5": a lane in words, for screen readers; long ones only with their ends. */
export function laneWords(lane: StepLane, slotName: (slot: number) => string, most = 6): string {
  const segments = segmentsOf(lane.values.map((value) => value && { text: value.text, right: value.right ?? null }));
  const wordsOf = ({ from, to, value }: Segment) => {
    const mark = value.right === true ? " (right)" : value.right === false ? " (wrong)" : "";
    const slots = to - from > 1 ? `${slotName(from)} to ${slotName(to - 1)}` : slotName(from);
    return `${value.text}${mark} at ${slots}`;
  };
  const ends = [segments.slice(0, 2), segments.slice(-2)].map((end) => end.map(wordsOf));
  const shown =
    segments.length > most ? [...ends[0]!, `${segments.length - 4} more`, ...ends[1]!] : segments.map(wordsOf);
  return shown.length ? `${lane.name}: ${shown.join(", ")}` : lane.name;
}
