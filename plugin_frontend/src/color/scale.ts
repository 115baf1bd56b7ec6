/** From a weight to an index of the colour table. One scale serves all maps of a view. */
import { diverging, sequential, type Ramp, type RampName } from "./ramp";

export interface ColorScale {
  ramp: Ramp;
  /** The weight that gets the last colour; larger ones get it too. */
  top: number;
  /** Negative weights exist: zero lies in the middle of a diverging table. */
  signed: boolean;
  curve: Curve;
}

/** How a share of the top becomes an index of the table: its square root, its logarithm over three orders of magnitude, or as it is. */
export type Curve = "sqrt" | "log" | "linear";

export const CURVE_NAMES: Record<Curve, string> = { sqrt: "√", log: "log", linear: "linear" };

const DECADES = 3;

const TOPS = [1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 1];

/** The next round number at or above the largest weight, so that the scale seldom moves while a run goes on. */
export function roundTop(largest: number): number {
  if (!(largest > 0)) return 1;
  if (largest > 1) return Number(largest.toPrecision(2)) >= largest ? Number(largest.toPrecision(2)) : 1.1 * largest;
  return TOPS.find((top) => top >= largest) ?? 1;
}

export function makeScale(
  name: RampName,
  dark: boolean,
  top: number,
  signed: boolean,
  curve: Curve = "sqrt",
): ColorScale {
  return { ramp: signed ? diverging(dark) : sequential(name, dark), top, signed, curve };
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

export interface Tick {
  /** 0 to 1 along the legend. */
  at: number;
  text: string;
}

/** Ticks of a legend: 0, two round numbers between, and the top with "≥" where weights above it are drawn alike. */
export function legendTicks(scale: ColorScale, clipped: boolean): Tick[] {
  const text = (value: number) => String(Number(value.toPrecision(2))).replace(/^0\./, ".");
  const at = (value: number) => colorIndex(scale, value) / 255;
  if (scale.signed) {
    return [-scale.top, 0, scale.top].map((value) => ({ at: at(value), text: text(value) }));
  }
  const parts = { log: [100, 10], sqrt: [12, 3], linear: [3, 1.5] }[scale.curve];
  const inner = parts.map((part) => scale.top / part).map((value) => Number(value.toPrecision(1)));
  return [
    { at: 0, text: "0" },
    ...inner.map((value) => ({ at: at(value), text: text(value) })),
    { at: 1, text: (clipped ? "≥ " : "") + text(scale.top) },
  ];
}
