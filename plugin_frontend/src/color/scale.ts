/** From a weight to an index of the colour table. One scale serves all maps of a view. */
import { cssColor, diverging, inkOn, sequential, type Ramp, type RampName } from "./ramp";

export interface ColorScale {
  ramp: Ramp;
  /** The weight that gets the last colour; larger ones get it too. */
  top: number;
  /** Negative weights exist: zero lies in the middle of a diverging table. */
  signed: boolean;
  curve: Curve;
  /** Whether there may be weights above the top: the legend says so. */
  clips: boolean;
}

/** How a share of the top becomes an index of the table: its square root, its logarithm over three orders of magnitude, or as it is. */
export type Curve = "sqrt" | "log" | "linear";

export const CURVE_NAMES: Record<Curve, string> = { sqrt: "√", log: "log", linear: "linear" };

const DECADES = 3;

const TOPS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1];

/** The next round number at or above the largest weight, so that the scale seldom moves while a run goes on. */
export function roundTop(largest: number): number {
  if (!(largest > 0)) return 1;
  if (largest > 1) {
    const digit = 10 ** (Math.floor(Math.log10(largest)) - 1);
    return Number((Math.ceil(largest / digit) * digit).toPrecision(2));
  }
  return TOPS.find((top) => top >= largest) ?? 1;
}

export function makeScale(
  name: RampName,
  dark: boolean,
  top: number,
  signed: boolean,
  curve: Curve = "sqrt",
  clips = false,
): ColorScale {
  return { ramp: signed ? diverging(dark) : sequential(name, dark), top, signed, curve, clips };
}

/** 0 to 1 for a share (0 to 1) of the top; by logarithm, a thousandth of the top and less is 0. */
export function curved(curve: Curve, share: number): number {
  if (curve === "linear") return share;
  return curve === "sqrt" ? Math.sqrt(share) : Math.max(0, 1 + Math.log10(share) / DECADES);
}

/** 0 to 255; not in proportion, because attention spreads over orders of magnitude. NaN stays NaN. */
export function colorIndex(scale: ColorScale, weight: number): number {
  const share = curved(scale.curve, Math.min(1, Math.abs(weight) / scale.top));
  if (!scale.signed) return weight < 0 ? 0 : share * 255;
  return 127.5 + Math.sign(weight) * share * 127.5;
}

/** The style of a word on the colour of its weight, in an ink that can be read on it. */
export function wordStyle(scale: ColorScale, weight: number): string {
  const index = colorIndex(scale, weight);
  return `background:${cssColor(scale.ramp, index)};color:${inkOn(scale.ramp, index)}`;
}

export interface Tick {
  /** 0 to 1 along the legend. */
  at: number;
  text: string;
}

export interface TickStyle {
  text?: (value: number) => string;
  /** Whether the values are counts: a tick between two of them would name nothing. */
  whole?: boolean;
}

const brief = (value: number) =>
  String(Number(value.toPrecision(2)))
    .replace(/^(-?)0\./, "$1.")
    .replace("-", "−");

/** Closer ticks, in shares of the legend, would overprint each other. */
const CLOSEST = 0.12;

/** Ticks of a legend: 0, up to two round numbers between, and the top, with "≥" where weights above it are drawn alike. */
export function legendTicks(scale: ColorScale, { text = brief, whole = false }: TickStyle = {}): Tick[] {
  const { top, signed, clips } = scale;
  const at = (value: number) => colorIndex(scale, value) / 255;
  const last = { at: 1, text: (clips ? "≥ " : "") + text(top) };
  if (signed) {
    const first = (clips ? "≤ " : "") + text(-top);
    return [{ at: 0, text: first }, { at: at(0), text: text(0) }, last];
  }
  const parts = { log: [100, 10], sqrt: [12, 3], linear: [3, 1.5] }[scale.curve];
  const rounded = parts.map((part) => Number((top / part).toPrecision(1)));
  const inner = whole ? rounded.map(Math.round) : rounded;
  const ticks = [{ at: 0, text: text(0) }];
  for (const value of inner) {
    const share = at(value);
    if (share - ticks.at(-1)!.at > CLOSEST && 1 - share > CLOSEST) ticks.push({ at: share, text: text(value) });
  }
  return [...ticks, last];
}
