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
}

/** Neighbours that say the same are one segment; those with a bar stand alone, for their heights differ. */
export function segmentsOf(values: (LaneValue | null)[]): Segment[] {
  const found: Segment[] = [];
  values.forEach((value, slot) => {
    if (!value) return;
    const last = found.at(-1);
    const same = last?.to === slot && last.value.text === value.text && last.value.right === value.right;
    if (same && value.share === undefined) last.to = slot + 1;
    else found.push({ from: slot, to: slot + 1, value });
  });
  return found;
}

/** "✗ T-shirt, wrong": one value as it is read beside its name. */
export function laneValueText({ text, right }: LaneValue): string {
  if (right === true) return `✓ ${text}, right`;
  return right === false ? `✗ ${text}, wrong` : text;
}

/** "Shirt → T-shirt: 3 at epoch 1 to epoch 4, 8 at epoch 5": a lane in words, for screen readers; long ones only with their ends. */
export function laneWords(lane: StepLane, slotName: (slot: number) => string, most = 6): string {
  const segments = segmentsOf(lane.values.map((value) => value && { text: value.text, right: value.right ?? null }));
  const words = segments.map(({ from, to, value }) => {
    const mark = value.right === true ? " (right)" : value.right === false ? " (wrong)" : "";
    const slots = to - from > 1 ? `${slotName(from)} to ${slotName(to - 1)}` : slotName(from);
    return `${value.text}${mark} at ${slots}`;
  });
  const shown = words.length > most ? [...words.slice(0, 2), `${words.length - 4} more`, ...words.slice(-2)] : words;
  return shown.length ? `${lane.name}: ${shown.join(", ")}` : lane.name;
}
