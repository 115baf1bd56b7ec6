/** The JSON of the plugin's routes. Its types are generated from `tb_attention/wire/structs.py` when the front end is built. */
import type { Sample as WireSample, SamplesAnswer as WireSamples, WireNumber } from "./wire.generated";

export type * from "./wire.generated";

/** A sample, with its index in its file, which the client counts. */
export interface Sample extends WireSample {
  index?: number;
}

export interface SamplesAnswer extends WireSamples {
  samples: Sample[];
}

/** The number that a `WireNumber` stands for; NaN where there is none. */
export function toNumber(value: WireNumber | null | undefined): number {
  if (typeof value === "number") return value;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  return NaN;
}
