/** The one owner of what the tab shows. Choices and answers are stored; everything else is derived from them. */
import type { Prediction, Sample, Site, Step } from "../api/wire";
import { watchTheme } from "../host/theme";
import { NO_FILTER, passes, unnamedSamples, type SampleFilter } from "../model/samples";
import { entriesOf, focusRun, newestAttempt, pairedMatrices, pickSeries, runColor, type RunEntry } from "../model/runs";
import { bestSlot, joinedSlot, metricNames, shortStepName, slotAt, slotsOf, type Slot } from "../model/timeline";
import type { Cell } from "../model/confusion";
import type { Table } from "../model/csv";
import type { StepLane } from "../model/lane";
import { mapShape } from "../model/maps";
import type { RampName } from "../color/ramp";
import { Choices, type View } from "./choices.svelte";
import { ConfusionState } from "./confusion.svelte";
import { Data } from "./data.svelte";
import { RunList } from "./runList.svelte";
import { Scales } from "./scale.svelte";
import { Server, type SeriesName } from "./server.svelte";

export class Store {
  readonly server = new Server();
  readonly choices = new Choices();
  dark = $state(false);
  ramp = $state.raw<RampName>("blue");
  playing = $state(false);
  /** Whether it plays six steps a second and not two. */
  fast = $state(false);
  filter = $state.raw<SampleFilter>(NO_FILTER);
  /** Whether the list of keys is open. */
  help = $state(false);
  /** The numbers that the view shows, as a table with a head, for the CSV; null where it shows none. */
  numbers = $state.raw<(() => Table) | null>(null);
  /** What the view shows of every step under the film; null for the sample's prediction. Set and taken back by the view. */
  lane = $state.raw<(() => StepLane | null) | null>(null);
  iteration = $state(0);
  window = $state(0);

  readonly run: RunEntry | null = $derived.by(() => focusRun(this.server.runs, this.choices.run));
  readonly tags = $derived.by(() => {
    // The examples that were kept of the cells of matrices have maps too: they are shown as a series of their own.
    const examples = entriesOf(this.run, "confusion").filter((entry) => entry.tag === this.choices.tag);
    const maps = [...entriesOf(this.run, "attention"), ...examples];
    // Where nothing can be read yet, or at all, what there is says why.
    return maps.length || entriesOf(this.run, "confusion").length ? maps : entriesOf(this.run, "unknown");
  });
  readonly #maps = $derived(pickSeries(this.tags, this.choices.tag, "attention"));
  /** All series of matrices of the run; the one shown is that of the maps, unless another was chosen. */
  readonly matrixEntries = $derived(entriesOf(this.run, "confusion"));
  readonly #matrices = $derived(pairedMatrices(this.matrixEntries, this.#maps?.tag ?? null, this.choices.matrices));
  readonly mapsName = $derived(this.#name(this.#maps, this.choices.attempt));
  readonly matricesName = $derived(this.#name(this.#matrices, this.#maps ? null : this.choices.attempt));
  readonly maps = $derived(this.server.series(this.mapsName));
  readonly matrices = $derived(this.server.series(this.matricesName));
  /** Whether the samples are the examples that were kept of cells, which differ from step to step. */
  readonly showsExamples = $derived(this.mapsName !== null && this.mapsName.tag === this.matricesName?.tag);
  /** The series that the timeline shows: of maps if there is one. */
  readonly series = $derived(this.mapsName ? this.maps : this.matrices);

  readonly slots: Slot[] = $derived(this.series ? slotsOf(this.series) : []);
  readonly slotIndex = $derived(slotAt(this.slots, this.choices.step));
  readonly slot = $derived<Slot | null>(this.slots[this.slotIndex] ?? null);
  readonly previousSlot = $derived.by(() => {
    for (let i = this.slotIndex - 1; i >= 0; i--) if (this.slots[i]?.record) return this.slots[i]!;
    return null;
  });
  readonly names = $derived(metricNames(this.slots));
  readonly best = $derived(this.series ? bestSlot(this.slots, this.series, this.names) : -1);
  /** For each slot of the timeline, that of the matrix of the same epoch. */
  readonly matrixSlots: (Slot | null)[] = $derived.by(() => {
    if (!this.matrices) return [];
    const slots = slotsOf(this.matrices);
    return this.mapsName ? this.slots.map((slot) => slots[joinedSlot(slots, slot)] ?? null) : slots;
  });
  readonly matrixSlot = $derived(this.matrixSlots[this.slotIndex] ?? null);
  /** The cell of the matrix that is kept: it filters the samples. */
  readonly keptCell: Cell | null = $derived.by(() => {
    const { label, prediction } = this.filter;
    return label !== null && prediction !== null ? { truth: label, predicted: prediction } : null;
  });

  readonly runList = new RunList(this);
  readonly data = new Data(this);
  readonly confusion = new ConfusionState(this);
  readonly scales = new Scales(this);
  readonly record = $derived(this.slot?.record ?? null);
  readonly sites: Site[] = $derived(this.maps?.site_sets[this.record?.sites ?? -1] ?? []);
  readonly samples: Sample[] = $derived.by(() => {
    const all = this.data.samples.value?.samples ?? unnamedSamples(this.record);
    // Of the examples of cells only the first have maps.
    return this.showsExamples ? all.slice(0, this.record?.sample_count ?? 0) : all;
  });
  readonly classNames = $derived(this.data.samples.value?.class_names ?? this.matrices?.class_names ?? null);
  readonly sampleIndex = $derived(
    Math.max(
      0,
      this.samples.findIndex((sample) => sample.id === this.choices.sample),
    ),
  );
  readonly sample = $derived<Sample | null>(this.samples[this.sampleIndex] ?? null);
  readonly shownSamples = $derived(
    this.samples
      .map((sample, index) => ({ sample, index, prediction: this.predictionOf(this.slot, index) }))
      .filter(({ sample, prediction }) => passes(this.filter, sample, prediction, this.classNames)),
  );

  readonly siteIndex = $derived(
    Math.max(
      0,
      this.sites.findIndex((site) => site.path === this.choices.site),
    ),
  );
  readonly site = $derived<Site | null>(this.sites[this.siteIndex] ?? null);
  readonly head = $derived.by(() => {
    const heads = this.site?.axes.find((axis) => axis.role === "heads")?.size ?? 1;
    return Math.min(this.choices.head ?? 0, heads - 1);
  });
  readonly view: View = $derived(
    this.choices.view === "confusion" && !this.matricesName ? "overview" : (this.choices.view ?? this.#firstView()),
  );

  /** How the training stands: that of the newest attempt comes with every poll, an older one no longer changes. */
  readonly status = $derived.by(() => {
    const entry = this.#maps ?? this.#matrices;
    const newest = entry !== null && this.series?.attempt === newestAttempt(entry);
    return (newest || !this.series ? entry?.status : null) ?? this.series?.status ?? null;
  });
  /** How much of the running epoch is done, as "63 %"; null while nothing trains. */
  readonly running = $derived.by(() => {
    const status = this.status;
    if (status?.state !== "running") return null;
    return `${Math.round(100 * (status.fraction ?? 0))} %`;
  });
  readonly progress = $derived.by(() => {
    const status = this.status;
    if (!status) return "";
    const of = status.epochs ? ` of ${status.epochs}` : "";
    const epoch = status.epoch === null || status.epoch === undefined ? "" : ` epoch ${status.epoch + 1}${of}`;
    if (status.state === "running") return `● training:${epoch}, ${this.running ?? ""}`;
    const restored = this.slots.find((slot) => status.restored !== null && slot.step === status.restored);
    const left = restored ? `, left with the weights of ${shortStepName(restored)}` : "";
    return status.state === "stopped" ? `stopped in${epoch}` : `training finished${left}`;
  });

  /** Whether only the event file of the run is here, which has no weights. */
  readonly onlyEvents = $derived((this.#maps ?? this.#matrices)?.only_events === true);
  /** What went wrong while the log was written, in sentences. */
  readonly notes = $derived([
    ...(this.onlyEvents ? ["Only the event files of this run are here; its weights are in plugins/attention."] : []),
    ...(this.status?.notes ?? []),
    ...(this.status?.dropped ?? []).map(({ step, reason }) => `Step ${step} was not logged: ${reason}`),
    ...(this.series?.damaged ?? []).map(({ file, reason }) => `${file} cannot be read: ${reason}`),
  ]);

  start(): void {
    watchTheme((dark) => {
      this.dark = dark;
      document.documentElement.classList.toggle("dark", dark);
    });
    $effect.root(() => {
      // A cell that an address names is kept from the start; from then on the filter says which one is.
      const [label, prediction] = (this.choices.cell ?? "").split(".").map(Number);
      if (label !== undefined && prediction !== undefined) this.filter = { ...NO_FILTER, label, prediction };
      $effect(() => {
        const kept = this.keptCell;
        this.choices.cell = kept && `${kept.truth}.${kept.predicted}`;
      });
      $effect(() => this.choices.save());
      $effect(() => this.#wantSeries());
      this.data.start();
    });
    this.server.start();
  }

  #name(entry: { tag: string; attempts: number[] } | null, attempt: number | null): SeriesName | null {
    if (!entry || !this.run) return null;
    const known = attempt !== null && entry.attempts.includes(attempt);
    return { run: this.run.run, tag: entry.tag, attempt: known ? attempt : (entry.attempts.at(-1) ?? 1) };
  }

  /** With one head there is nothing to survey. */
  #firstView(): View {
    if (!this.mapsName && this.matricesName) return "confusion";
    const [site, ...others] = this.sites;
    return site && !others.length && mapShape(site).heads === 1 ? "head" : "overview";
  }

  #wantSeries(): void {
    if (this.mapsName && this.#maps) this.server.want(this.mapsName, this.#maps.version);
    if (this.matricesName && this.#matrices) this.server.want(this.matricesName, this.#matrices.version);
    for (const run of this.otherRuns) this.server.want(run.name, run.version);
  }

  /** The other runs that are chosen. */
  readonly otherRuns = $derived(
    this.runList.all.flatMap(({ run, place }) => {
      const entry = pickSeries(entriesOf(run, "attention"), this.choices.tag, "attention") ?? run.series[0];
      if (run.run === this.run?.run || !this.runList.isChosen(run.run) || !entry) return [];
      const name = { run: run.run, tag: entry.tag, attempt: newestAttempt(entry) };
      return [{ name, version: entry.version, color: runColor(place, this.dark) }];
    }),
  );

  predictionOf(slot: Slot | null, sample: number): Prediction | null {
    return slot?.record?.predictions?.[sample] ?? null;
  }

  /** Shows the slot at a place of the timeline; the newest readable one means: follow. */
  goTo(index: number): void {
    const slot = this.slots[Math.max(0, Math.min(this.slots.length - 1, index))];
    if (!slot) return;
    const newest = slotAt(this.slots, null);
    this.choices.step = this.slots[newest] === slot ? null : slot.step;
  }

  /** Plays the steps one after the other, from the first if the last is shown; or stops. */
  togglePlay(fast = false): void {
    this.fast = fast;
    if (!this.playing && this.slotIndex >= this.slots.length - 1) this.goTo(0);
    this.playing = !this.playing && this.slots.length > 1;
  }

  showStep(step: Step | null): void {
    this.choices.step = step;
  }

  showHead(site: number, head: number, view?: View): void {
    const path = this.sites[site]?.path;
    if (path === undefined) return;
    if (path !== this.site?.path) this.iteration = this.window = 0;
    this.choices.site = path;
    this.choices.head = head;
    if (view) this.choices.view = view;
  }

  showRun(run: string): void {
    this.choices.run = run;
    this.choices.matrices = null;
    this.choices.attempt = null;
  }
}
