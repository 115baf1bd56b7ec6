/** What frames are frames of: a sound, or a series of numbers. */
import type { NpyArray } from "../api/npy";
import type { SampleInput } from "../api/wire";
import { dateTicks } from "./dates";
import { decodeRows } from "./encoding";
import { durationOf } from "./frames";
import type { Positions } from "./positions";

export interface Signal {
  /** One line for a sound; of a series one for each of its variables. */
  lines: Float32Array[];
  /** Moments in a second, of a sound; null for a series. */
  rate: number | null;
}

const MOST_LINES = 4;

/** The sound of an input, out of what the server sent. */
export function soundOf({ audio }: SampleInput, stored: NpyArray): Signal | null {
  if (!audio) return null;
  const moments = audio.shape[0] ?? 0;
  return { lines: [decodeRows(stored.data, audio.encoding, 1, moments, 0, 1)], rate: audio.rate };
}

/** The numbers of an input as lines; null where the log has none. */
export function seriesOf({ values }: SampleInput): Signal | null {
  if (!values?.length) return null;
  const channels = Math.min(MOST_LINES, values[0]!.length);
  const line = (channel: number) => Float32Array.from(values, (each) => each[channel] ?? NaN);
  return { lines: Array.from({ length: channels }, (_, channel) => line(channel)), rate: null };
}

export interface SignalTick {
  /** A share of the whole, from 0 to 1. */
  at: number;
  text: string;
}

const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600];

/** Where the axis of a signal is labelled: at round seconds, or at days, months and years; `width` in pixels. */
export function signalTicks(axis: Positions, input: SampleInput | null, width: number): SignalTick[] {
  const all = durationOf(input);
  if (all !== null) {
    const step = STEPS.find((each) => (each / all) * width >= 56) ?? 600;
    const digits = Math.max(0, Math.ceil(-Math.log10(step)));
    return Array.from({ length: Math.floor(all / step) + 1 }, (_, i) => ({
      at: (i * step) / all,
      text: `${(i * step).toFixed(digits)} s`,
    }));
  }
  const { dates, frames, shown } = axis;
  if (!dates || !frames || !shown.length) return [];
  const there = shown.filter((position) => dates[position]);
  const ticks = dateTicks(
    there.map((position) => dates[position]!),
    (64 / width) * there.length,
  );
  return ticks.map(({ index, text }) => ({ at: frames[there[index]!]!.start, text }));
}
