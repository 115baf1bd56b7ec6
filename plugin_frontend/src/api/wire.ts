/** The JSON of the plugin's routes, as `tb_attention/plugin/http_api.md` describes it. */

/** JSON has no NaN or infinity: they travel as these strings. */
export type WireNumber = number | "NaN" | "Infinity" | "-Infinity";

export type Step = number | "init";
export type Content = "attention" | "confusion" | "unknown";
export type Kind = "self" | "cross" | "gate" | "local" | "router" | "activation";
export type AxisKind = "tokens" | "grid" | "channels" | "frames" | "objects" | "features" | "positions";
export type Role = "heads" | "iteration" | "windows" | "query" | "key";
export type Encoding = "float32" | "float16" | "sqrt8_row" | "signed8_row";

export interface SeriesEntry {
  tag: string;
  content: Content;
  attempts: number[];
  steps: number;
  version: string;
  /** Only the event files of the run are there: overviews and matrices, no weights. */
  only_events?: boolean;
  /** Of the newest attempt. */
  status?: Status | null;
}

export interface RunsAnswer {
  version: string;
  logdir: string;
  runs: { run: string; series: SeriesEntry[] }[];
}

export interface Axis {
  role: Role;
  size: number;
  kind?: AxisKind;
  grid?: number[] | null;
  extra?: string[];
  input?: number | null;
  /** Of windows: the cell of each query position of each window in the map that they were cut from; -1 for padding. */
  places?: WindowPlaces | null;
  /** Where samples differ in size: of each sample its own cells along each dimension, or [positions]. They come first; what is behind is 0. */
  own?: number[][] | null;
  /** Of kind "positions": the cell of each position, where they lie in another order than that of kind "grid". */
  cells?: Cells | null;
  /** The part of the input that the cells cover, for each dimension of the grid; a grid without it covers its picture evenly. */
  pixels?: Pixels[] | null;
}

export interface Cells {
  grid: number[];
  /** For each position its cell, counted row by row; -1 for an extra position. */
  of: number[];
  /** Names of the extra positions, in the order of the positions. */
  extra: string[];
}

/** Cell i covers `size` pixels from `offset + i * stride`, of the `of` pixels along an axis of the input. */
export interface Pixels {
  axis: number;
  of: number;
  offset: number;
  size: number;
  stride: number;
}

export interface WindowPlaces {
  grid: number[];
  cells: number[][];
}

export interface Overview {
  shape: number[];
  encoding: Encoding;
  offset: number;
  bytes: number;
}

export interface Site {
  path: string;
  kind: Kind;
  note: string | null;
  axes: Axis[];
  shape: number[];
  encoding: Encoding;
  overview?: Overview | null;
  /** Of a gate over channels: the feature map behind it, of shape (channels, rows, columns). */
  features?: { shape: number[]; encoding: Encoding } | null;
  /** Of a softmax with a sink: the share of each row that goes to no key, of the shape of the weights without their key axes. */
  sink?: { shape: number[]; encoding: Encoding } | null;
}

export interface Prediction {
  class: number;
  probability: WireNumber | null;
  /** That of the sample's label: -ln of it is the sample's loss. */
  label_probability?: WireNumber | null;
}

export interface Split {
  examples: number;
  encoding: "dense" | "sparse";
  weighted: boolean;
  /** Labels that are no class. */
  other?: number;
  /** Of the histogram of scores; 0 for none. */
  bins?: number;
}

/** A hierarchy of classes; `children` are classes, by index, and smaller groups. */
export interface WireGroup {
  name: string;
  children: (number | WireGroup)[];
}

/** A step of a series of maps or of matrices; the last fields are there for one of the two only. */
export interface StepRecord {
  step: Step;
  epoch: number | null;
  batch: number | null;
  wall_time: number;
  logs: Record<string, WireNumber>;
  v: string;
  sites?: number;
  samples?: string | null;
  sample_count?: number;
  predictions?: (Prediction | null)[] | null;
  classes?: number;
  splits?: Record<string, Split>;
  kind?: "classes" | "binary" | "labels";
  threshold?: number | null;
  /** Whether there is an order of the classes by similarity. */
  similarity?: boolean;
  /** How many examples of the cells were kept; the first `sample_count` have maps. */
  examples?: number;
  /** Classes that have the mean map of examples that were told right, and of how many. */
  means?: { class: number; examples: number }[];
}

export interface Damaged {
  file: string;
  step: Step | null;
  reason: string;
}

export interface Status {
  epochs?: number | null;
  steps_per_epoch?: number | null;
  epoch?: number | null;
  fraction?: number | null;
  state: "running" | "finished" | "stopped";
  best?: { step: Step; monitor: string; value?: number } | null;
  restored?: Step | null;
  /** Steps that were removed to stay below a number of bytes. */
  thinned?: { steps: number; max_bytes: number } | null;
  dropped?: { step: Step; reason: string }[];
  notes?: string[];
}

/** Of a page of its own: about how large it would be, and how large it may be. */
export interface PageSize {
  bytes: number;
  most: number;
}

export interface SeriesAnswer {
  run: string;
  tag: string;
  attempt: number;
  attempts: number[];
  content: Content;
  version: string;
  steps: StepRecord[];
  site_sets: Site[][];
  measures: string[];
  damaged: Damaged[];
  status: Status | null;
  class_names?: string[] | null;
  class_groups?: WireGroup[];
  output?: string | null;
}

export interface CellExample {
  /** Its place in the file of samples. */
  sample: number;
  id: string;
  truth: number;
  predicted: number;
  probability: WireNumber;
  loss: WireNumber;
  kept: "certain" | "random";
}

export interface ExamplesAnswer {
  step: Step;
  samples: string | null;
  sample_count: number;
  examples: CellExample[];
}

export interface SampleInput {
  name: string;
  kind: "image" | "tokens" | "values";
  shape?: number[];
  tokens?: string[];
  mask?: number[] | null;
  text?: string | null;
}

export interface Sample {
  id: string;
  /** Which of the samples of its file it is; the client counts. */
  index?: number;
  label: { class?: number; name?: string | null; value?: unknown } | null;
  inputs: SampleInput[];
}

export interface SamplesAnswer {
  class_names: string[] | null;
  samples: Sample[];
  thumbnails: { shape: number[] } | null;
}

/** The number that a `WireNumber` stands for; NaN where there is none. */
export function toNumber(value: WireNumber | null | undefined): number {
  if (typeof value === "number") return value;
  if (value === "Infinity") return Infinity;
  if (value === "-Infinity") return -Infinity;
  return NaN;
}
