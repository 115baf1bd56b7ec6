/** The samples of the series in focus: fetched, filtered, and the one that is shown. */
import type { NpyArray } from "../api/npy";
import { seriesOf, soundOf, type Signal } from "../model/signal";
import type { Positions } from "../model/positions";
import { address } from "../api/client";
import type { Sample, SampleInput, SamplesAnswer } from "../api/wire";
import type { Cell } from "../model/confusion";
import { isPadded, passes, unnamedSamples, withPadding, type SampleFilter } from "../model/samples";
import { Notes } from "./notes.svelte";
import { frameOf } from "../model/madePicture";
import { frameOfSlice, sliceCount } from "../model/slices";
import { Averaging } from "./averaging.svelte";
import { Selection } from "./selection.svelte";
import { Resource } from "./resource.svelte";

const isPictured = (input: SampleInput | undefined) => input?.kind === "image" || input?.frames !== undefined;

export class SampleSelection extends Selection {
  readonly sampleSet = new Resource<SamplesAnswer>();
  readonly thumbnails = new Resource<NpyArray>();
  readonly picture = new Resource<NpyArray>();
  /** What the model made of the sample at this step: (frames, rows, columns, channels). */
  readonly made = new Resource<NpyArray>();
  readonly sound = new Resource<{ input: SampleInput; signal: Signal | null }>();
  readonly sampleNotes = new Notes(this);

  readonly samples: Sample[] = $derived.by(() => {
    const all = this.asDrawn(this.sampleSet.value?.samples ?? unnamedSamples(this.record));
    // Of the examples of cells only the first have maps.
    return this.showsExamples ? all.slice(0, this.record?.sample_count ?? 0) : all;
  });
  /** Whether a sample has positions that only fill it up. */
  readonly hasPadding = $derived.by(() => (this.sampleSet.value?.samples ?? []).some(isPadded));
  readonly classNames = $derived(this.sampleSet.value?.class_names ?? this.matrices?.class_names ?? null);
  readonly sampleIndex = $derived(
    Math.max(
      0,
      this.samples.findIndex((sample) => sample.id === this.choices.sample),
    ),
  );
  readonly sample = $derived<Sample | null>(this.samples[this.sampleIndex] ?? null);
  readonly averaging = new Averaging(
    this,
    () => this.samples,
    () => this.sample,
  );
  readonly #predicted = $derived(
    this.samples.map((sample, index) => ({ sample, index, prediction: this.predictionOf(this.slot, index) })),
  );
  /** The cell of the matrix that is kept. */
  readonly keptCell: Cell | null = $derived.by(() => {
    const [truth = NaN, predicted = NaN] = this.choices.cell?.split(".").map(Number) ?? [];
    const classes = this.matrices?.steps.at(-1)?.classes ?? Infinity;
    return truth < classes && predicted < classes ? { truth, predicted } : null;
  });
  /** The samples of the kept cell at this step. */
  readonly cellSamples = $derived.by(() => {
    const cell = this.keptCell;
    return this.#predicted.filter(
      ({ sample, prediction }) => sample.label?.class === cell?.truth && prediction?.class === cell?.predicted,
    );
  });
  /** The cell that filters the list of samples: the kept one, beside its matrix and nowhere else. */
  readonly filterCell: Cell | null = $derived.by(() => (this.view === "confusion" ? this.keptCell : null));

  readonly shownSamples = $derived(
    (this.filterCell ? this.cellSamples : this.#predicted).filter(({ sample, prediction }) =>
      passes(this.filter, sample, prediction, this.classNames, this.sampleNotes.ofSample(sample.id)),
    ),
  );

  /** Which samples are listed. */
  get filter(): SampleFilter {
    return this.choices.filter;
  }

  set filter(filter: SampleFilter) {
    this.choices.filter = filter;
  }

  /** Of a picture with several frames the one of the slice, or of the iteration, that is shown. */
  inFrame(picture: NpyArray | null): NpyArray | null {
    if (picture?.shape.length !== 4) return picture;
    return frameOf(picture, frameOfSlice(this.site, this.#pictured, this.slice, this.iteration));
  }

  /** Samples with their padding as words like all others, where it is to be drawn. */
  asDrawn(samples: Sample[]): Sample[] {
    return this.choices.options.values.padding === "shown" ? samples.map(withPadding) : samples;
  }

  /** Keeps a cell of the matrix; null lets it go. */
  keepCell(cell: Cell | null): void {
    this.choices.cell = cell && `${cell.truth}.${cell.predicted}`;
  }

  /** The input whose picture is shown beside the map: the one that the site's keys lie in, or its queries, else the first picture; -1 for none. */
  get pictureInput(): number {
    return this.#inputWith(isPictured);
  }

  /** The first input of some kind among those that the site's keys, or its queries, lie in, else among all; -1 for none. */
  #inputWith(fits: (input: SampleInput) => boolean): number {
    const inputs = this.sample?.inputs ?? [];
    const axes = this.site?.axes ?? [];
    for (const role of ["key", "query"] as const) {
      const named = axes.find((axis) => axis.role === role)?.input ?? null;
      if (named !== null && inputs[named] && fits(inputs[named])) return named;
    }
    return inputs.findIndex(fits);
  }

  /** The sound or the series that the frames of an axis are frames of; null for other axes, and until the sound has come. */
  signalOf(axis: Positions | null): Signal | null {
    const { frames, source } = axis ?? {};
    if (!frames || !source) return null;
    const sound = this.sound.value;
    return source.audio ? (sound?.input.audio === source.audio ? sound.signal : null) : this.#series(source);
  }

  #known = new WeakMap<SampleInput, Signal | null>();
  #series(input: SampleInput): Signal | null {
    let series = this.#known.get(input);
    if (series === undefined) this.#known.set(input, (series = seriesOf(input)));
    return series;
  }

  #shown(): Resource<unknown>[] {
    return [this.sampleSet, this.thumbnails, this.picture, this.made, this.sound];
  }

  /** Whether the model makes a picture of the sample, in place of the one that is shown beside the map. */
  readonly hasMade = $derived.by(() => {
    const { pictures } = this.record ?? {};
    const input = pictures?.input ?? null;
    return pictures !== undefined && (input === null || this.pictureInput < 0 || input === this.pictureInput);
  });
  readonly showsMade = $derived.by(() => {
    const { picture } = this.choices.options.values;
    const frames = this.record?.pictures?.shape[0] ?? 0;
    return this.hasMade && (picture === "output" || this.pictureInput < 0 || (picture === "auto" && frames > 1));
  });
  readonly #pictured = $derived.by(() => this.sample?.inputs[this.pictureInput] ?? null);
  readonly slices = $derived.by(() => sliceCount(this.site, this.#pictured));
  /** The slice that is shown; at first the middle one. */
  readonly slice = $derived(Math.min(this.choices.slice ?? Math.floor(this.slices / 2), this.slices - 1));
  readonly #input: NpyArray | null = $derived.by(() => this.inFrame(this.picture.value));
  /** The picture beside the map: an input, or what the model made, in the iteration that is shown. */
  readonly shownPicture: NpyArray | null = $derived.by(() =>
    this.showsMade ? frameOf(this.made.value, this.iteration) : this.#input,
  );

  clearSamples(): void {
    for (const resource of this.#shown()) resource.clear();
  }

  retrySamples(): void {
    for (const resource of this.#shown()) resource.retry();
  }

  /** Asks for the samples of the step, their small pictures and the picture of the one shown. */
  wantSamples(): void {
    const { mapsName, slots, slot } = this;
    const set = slot?.record?.samples ?? slots.findLast((other) => other.record?.samples)?.record?.samples ?? null;
    if (!mapsName || !set) return this.clearSamples();
    const { client } = this.server;
    const params = { ...mapsName, set, v: set };
    const samplesAddress = address("samples", params);
    this.sampleSet.want(samplesAddress, (_, signal) => client.samples(params, signal));
    const answer = this.sampleSet.value;
    if (!answer || this.sampleSet.key !== samplesAddress) return;
    const thumbnails = answer.thumbnails ? address("thumbnails", params) : null;
    this.thumbnails.want(thumbnails, (url, signal) => client.get(url, signal));
    const { sampleIndex } = this;
    const input = this.pictureInput;
    const url = input < 0 ? null : address("image", { ...params, sample: sampleIndex, input });
    this.picture.want(url, (key, signal) => client.get(key, signal));
    const made = { ...mapsName, step: slot?.step ?? null, sample: sampleIndex, v: slot?.record?.v };
    this.made.want(this.showsMade ? address("pictures", made) : null, (key, signal) => client.get(key, signal));
    this.#wantSound(params);
  }

  #wantSound(params: object): void {
    const [index, { client }] = [this.#inputWith(({ audio }) => !!audio), this.server];
    const input = this.sample?.inputs[index];
    const url = input ? address("audio", { ...params, sample: this.sampleIndex, input: index }) : null;
    this.sound.want(url, (key, signal) => {
      const stored = client.get(key, signal);
      const made = (array: NpyArray) => ({ input: input!, signal: soundOf(input!, array) });
      return stored instanceof Promise ? stored.then(made) : made(stored);
    });
  }
}
