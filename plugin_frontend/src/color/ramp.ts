/** Colour tables: 256 colours as the bytes of a canvas hold them (red lowest, alpha highest). */

export type RampName = "blue" | "viridis" | "cividis" | "greys";
export type Ramp = Uint32Array;

type Stops = readonly string[];

const SEQUENTIAL: Record<RampName, { light: Stops; dark: Stops }> = {
  // From the page's own tone to ink: what is not looked at looks like nothing drawn.
  blue: {
    light: ["#f7f9fb", "#cbdfed", "#84b5d8", "#2f78b3", "#0a2f5c"],
    dark: ["#2a2d30", "#2b4459", "#2f74a6", "#74b8e4", "#f1f9ff"],
  },
  // Of viridis and cividis 8 colours, between which 256 are mixed. d3-scale-chromatic comes as one file that no bundler cuts: 7.6 KB.
  viridis: {
    light: ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"],
    dark: ["#440154", "#46327e", "#365c8d", "#277f8e", "#1fa187", "#4ac16d", "#a0da39", "#fde725"],
  },
  cividis: {
    light: ["#00224e", "#1d3a6d", "#434e6c", "#61656f", "#7f7c75", "#a39473", "#cdae62", "#fee838"],
    dark: ["#00224e", "#1d3a6d", "#434e6c", "#61656f", "#7f7c75", "#a39473", "#cdae62", "#fee838"],
  },
  greys: {
    light: ["#ffffff", "#c8c8c8", "#8c8c8c", "#4a4a4a", "#000000"],
    dark: ["#2b2b2b", "#565656", "#8f8f8f", "#c9c9c9", "#ffffff"],
  },
};

const DIVERGING = {
  light: ["#6a2480", "#b48bc4", "#f6f6f6", "#8cc393", "#176b33"],
  dark: ["#e2a5ee", "#a35cb3", "#3a3a3a", "#3f9a55", "#9fe3a4"],
};

/** For measures of heads: another thing than weights, so another ramp; strong means focused. */
const MEASURE = {
  light: ["#faf3e6", "#e9bd92", "#bd7a72", "#7a4468", "#3b2350"],
  dark: ["#2f3038", "#50405c", "#8a5a68", "#c98f6a", "#f7d9a8"],
};

export const RAMP_NAMES: readonly RampName[] = ["blue", "viridis", "cividis", "greys"];

function channels(hex: string): [number, number, number] {
  const value = parseInt(hex.slice(1), 16);
  return [value >> 16, (value >> 8) & 255, value & 255];
}

/** 256 colours between the stops, evenly spaced. */
export function interpolate(stops: Stops): Ramp {
  const colors = stops.map(channels);
  return Uint32Array.from({ length: 256 }, (_, i) => {
    const position = (i / 255) * (colors.length - 1);
    const left = Math.min(Math.floor(position), colors.length - 2);
    const share = position - left;
    const [a, b] = [colors[left]!, colors[left + 1]!];
    const [red, green, blue] = a.map((value, c) => Math.round(value + (b[c]! - value) * share));
    return (255 << 24) | (blue! << 16) | (green! << 8) | red!;
  });
}

const made = new Map<Stops, Ramp>();

/** The table of some stops, made once: a film of many frames asks for it for each. */
function tableOf(stops: Stops): Ramp {
  let ramp = made.get(stops);
  if (!ramp) made.set(stops, (ramp = interpolate(stops)));
  return ramp;
}

export function sequential(name: RampName, dark: boolean): Ramp {
  const ramp = SEQUENTIAL[name];
  if (!ramp) throw new Error(`unknown colour map: ${String(name)}`);
  return tableOf(dark ? ramp.dark : ramp.light);
}

export function diverging(dark: boolean): Ramp {
  return tableOf(dark ? DIVERGING.dark : DIVERGING.light);
}

export function measureRamp(dark: boolean): Ramp {
  return tableOf(dark ? MEASURE.dark : MEASURE.light);
}

export function cssColor(ramp: Ramp, index: number): string {
  const color = ramp[Math.max(0, Math.min(255, Math.round(index)))] ?? 0;
  return `rgb(${color & 255},${(color >> 8) & 255},${(color >> 16) & 255})`;
}

/** Black or white, whichever contrasts more with a colour of the ramp; the fixed threshold that is usual fails in the middle. */
export function inkOn(ramp: Ramp, index: number): "#000" | "#fff" {
  const color = ramp[Math.max(0, Math.min(255, Math.round(index)))] ?? 0;
  const linear = [color & 255, (color >> 8) & 255, (color >> 16) & 255].map((byte) => {
    const share = byte / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  const luminance = 0.2126 * linear[0]! + 0.7152 * linear[1]! + 0.0722 * linear[2]!;
  return (luminance + 0.05) / 0.05 > 1.05 / (luminance + 0.05) ? "#000" : "#fff";
}

/** Heads drawn together (after Tol, "bright"), the chosen one first; each is named beside its colour. */
const HEADS = {
  light: ["#4477aa", "#ee6677", "#228833", "#aa3377", "#0f8599", "#8a7a00"],
  dark: ["#74b8e4", "#ff8a95", "#5dbb63", "#e86fb4", "#66ccee", "#e0d264"],
};

export function headColor(index: number, dark: boolean): string {
  const colors = dark ? HEADS.dark : HEADS.light;
  return colors[index % colors.length]!;
}

export const MOST_HEADS = HEADS.light.length;
