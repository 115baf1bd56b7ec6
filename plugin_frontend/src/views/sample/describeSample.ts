/** The sentence of the Sample view, computed from the line on the screen. */
import { mapShape } from "../../model/maps";
import { weightText } from "../../model/ranking";
import { chosen, plain, quiet, strong, type Part } from "../../model/sentence";
import { shortStepName } from "../../model/timeline";
import type { SampleReading } from "./sampleReading.svelte";

const times = (value: number) => (value < 0.1 ? String(Number(value.toPrecision(1))) : value.toFixed(1));

/** "mean of 4 heads", or nothing. */
function pooling({ options, site, layerLines }: SampleReading): string {
  const heads = site ? mapShape(site).heads : 1;
  const parts = [
    options.heads === "one" || heads < 2 ? "" : `${options.heads} of ${heads} heads`,
    options.layers === "one" ? "" : `${options.layers} of ${layerLines.length} layers`,
    options.hide === "yes" ? "special tokens left out, the rest sums to 1" : "",
  ];
  return parts.filter(Boolean).join(", ");
}

/** `before`: the line one step earlier. */
export function describeSample(reading: SampleReading, before: Float32Array | null): Part[] {
  const { entries, pointed, uniform } = reading;
  const at = pointed === null ? 0 : entries.findIndex((entry) => entry.positions.includes(pointed));
  const entry = entries[at];
  if (!entry) return [plain(pointed === null ? "" : "This position is left out.")];
  const value = strong(`${entry.name}: ${weightText(entry.weight)}`);
  if (Number.isNaN(entry.weight)) return [value, plain(", not a number: the model's weights have diverged.")];
  const rank = `, rank ${1 + entries.filter((other) => other.weight > entry.weight).length} of ${entries.length}`;
  const more = plain(`${rank}, ${times(entry.weight / uniform)} times uniform (${weightText(uniform)})`);
  const then = before ? entry.positions.reduce((sum, key) => sum + (before[key] ?? NaN), 0) : NaN;
  const { previousSlot } = reading.store;
  const pooled = pooling(reading);
  const end = [
    ...(Number.isNaN(then) ? [] : [plain(`; ${previousSlot ? shortStepName(previousSlot) : ""}: ${weightText(then)}`)]),
    ...(pooled ? [quiet(` · ${pooled}`)] : []),
  ];
  // In this order: the average is of queries, which a gate has not.
  if (reading.gate)
    return [
      value,
      plain(`${rank}, ${reading.site?.kind === "gate" ? "of what the gate lets through" : "of the values"}`),
      ...end,
    ];
  if (reading.average)
    return [plain(`All ${reading.queries?.shown.length ?? 0} queries look on average at `), value, more, ...end];
  return [chosen(reading.nameOf(reading.active)), plain(" looks at "), value, more, ...end];
}
