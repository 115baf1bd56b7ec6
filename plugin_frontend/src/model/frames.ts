/** Frames of a sound or of a time series: when each begins and ends, as a share of its input. */
import type { Axis, Pixels, SampleInput } from "../api/wire";

export interface Frame {
  /** From 0, the beginning of the input, to 1. */
  start: number;
  end: number;
}

/** Moments of a second, where the input is a sound; else null. */
export function durationOf(input: SampleInput | null): number | null {
  const { audio } = input ?? {};
  return audio ? (audio.shape[0] ?? 0) / audio.rate : null;
}

/**
 * The part of its input that each frame covers: by its pixels, by its time in seconds, else evenly; NaN for extra positions. Null for
 * what is no frames of an input that can be drawn. `cells`: the frame of each position, where it is not the one at its index.
 */
export function framesOf(
  axis: Axis | null,
  input: SampleInput | null,
  size: number,
  cells: number[] | null,
): Frame[] | null {
  if (axis?.kind !== "frames" || !(input?.audio ?? input?.values)) return null;
  const part: Pixels | undefined = axis.pixels?.[0];
  const all = durationOf(input);
  const clamp = (share: number) => Math.max(0, Math.min(1, share));
  const { seconds } = axis;
  const count = size - (axis.extra?.length ?? 0);
  return Array.from({ length: size }, (_, position) => {
    const i = cells?.[position] ?? position;
    if (i < 0) return { start: NaN, end: NaN };
    if (part) {
      const start = part.offset + i * part.stride;
      return { start: clamp(start / part.of), end: clamp((start + part.size) / part.of) };
    }
    if (seconds && all) {
      // A frame lasts until the next begins; the last as long as the one before it.
      const [from = 0, before = 0] = [seconds[i], seconds[i - 1]];
      const to = seconds[i + 1] ?? (i ? from + (from - before) : all);
      return { start: clamp(from / all), end: clamp(to / all) };
    }
    return { start: i / count, end: (i + 1) / count };
  });
}

/** The times of frames in seconds, where they lie in a sound or were given; null where nothing says them. */
export function secondsOf(axis: Axis | null, input: SampleInput | null, frames: Frame[] | null): number[] | null {
  if (axis?.seconds) return axis.seconds;
  const all = durationOf(input);
  return all === null || !frames ? null : frames.map(({ start }) => start * all);
}

/** The frame at a share of the input, among those that are shown: the one whose middle is nearest. */
export function frameAt(frames: Frame[], shown: number[], share: number): number {
  const away = (position: number) => {
    const { start, end } = frames[position] ?? { start: NaN, end: NaN };
    const distance = Math.abs((start + end) / 2 - share);
    return Number.isNaN(distance) ? Infinity : distance;
  };
  return shown.reduce((best, position) => (away(position) < away(best) ? position : best), shown[0] ?? 0);
}
