/** What is in focus: the run, its series, the step and the layer, derived from the choices and from what the server has. */
import type { Prediction, Site } from "../api/wire";
import type { RampName } from "../color/ramp";
import { mapShape } from "../model/maps";
import { entriesOf, focusRun, newestAttempt, pairedMatrices, pickSeries, type RunEntry } from "../model/runs";
import { bestStep, joinerOf, metricNames, slotAt, slotsOf, type Slot } from "../model/timeline";
import { runningText, trainingText } from "../model/sentences";
import { Choices, type View } from "./choices.svelte";
import { Server, type SeriesName } from "./server.svelte";

export class Selection {
  readonly server = new Server();
  readonly choices = new Choices();
  dark = $state(false);
  ramp = $state.raw<RampName>("blue");
  playing = $state(false);
  /** Whether it plays six steps a second and not two. */
  fast = $state(false);
  /** The film of the timeline has a frame for every how many slots. */
  filmEvery = $state(1);

  readonly run: RunEntry | null = $derived.by(() => focusRun(this.server.runs, this.choices.run, this.server.opened));
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

  readonly #indices = $derived(new Map(this.maps?.steps.map((record, index) => [record, index])));

  readonly slots: Slot[] = $derived(this.series ? slotsOf(this.series) : []);
  readonly slotIndex = $derived(slotAt(this.slots, this.choices.step));
  readonly slot = $derived<Slot | null>(this.slots[this.slotIndex] ?? null);
  readonly previousSlot = $derived.by(() => {
    for (let i = this.slotIndex - 1; i >= 0; i--) if (this.slots[i]?.record) return this.slots[i]!;
    return null;
  });
  readonly names = $derived(metricNames(this.slots));
  readonly bestStep = $derived(this.series ? bestStep(this.slots, this.series, this.names) : null);
  readonly best = $derived(this.bestStep?.index ?? -1);
  /** For each slot of the timeline, that of the matrix of the same epoch. */
  readonly matrixSlots: (Slot | null)[] = $derived.by(() => {
    if (!this.matrices) return [];
    const slots = slotsOf(this.matrices);
    const join = joinerOf(slots);
    return this.mapsName ? this.slots.map((slot) => slots[join(slot)] ?? null) : slots;
  });
  readonly matrixSlot = $derived(this.matrixSlots[this.slotIndex] ?? null);
  readonly record = $derived(this.slot?.record ?? null);
  readonly sites: Site[] = $derived(this.maps?.site_sets[this.record?.sites ?? -1] ?? []);

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

  /** The iteration and the window that are shown, of as many as the site has. */
  readonly iteration = $derived(this.#within(this.choices.iteration, "iteration"));
  readonly window = $derived(this.#within(this.choices.window, "windows"));

  /** How the training stands: that of the newest attempt comes with every poll, an older one no longer changes. */
  readonly status = $derived.by(() => {
    const entry = this.#maps ?? this.#matrices;
    const newest = entry !== null && this.series?.attempt === newestAttempt(entry);
    return (newest || !this.series ? entry?.status : null) ?? this.series?.status ?? null;
  });
  /** How much of the running epoch is done, as "63 %", "" where that is not known; null while nothing trains. */
  readonly running = $derived.by(() => runningText(this.status));
  readonly progress = $derived.by(() => trainingText(this.status, this.slots));

  /** Whether only the event file of the run is here, which has no weights. */
  readonly onlyEvents = $derived((this.#maps ?? this.#matrices)?.only_events === true);
  /** What went wrong while the log was written, in sentences. */
  readonly notes = $derived([
    ...(this.onlyEvents ? ["Only the event files of this run are here; its weights are in plugins/attention."] : []),
    ...(this.status?.notes ?? []),
    ...(this.status?.dropped ?? []).map(({ step, reason }) => `Step ${step} was not logged: ${reason}`),
    ...(this.series?.damaged ?? []).map(({ file, reason }) => `${file} cannot be read: ${reason}`),
  ]);

  /** Fetches the series in focus unless they are there in their newest version. */
  wantSeries(): void {
    if (this.mapsName && this.#maps) this.server.want(this.mapsName, this.#maps.version);
    if (this.matricesName && this.#matrices) this.server.want(this.matricesName, this.#matrices.version);
  }

  /** The layers of a step of the series of maps. */
  sitesOf(slot: Slot): Site[] {
    return this.maps?.site_sets[slot.record?.sites ?? -1] ?? [];
  }

  /** The index of a slot in the measures; -1 where its step cannot be read. */
  stepIndex(slot: Slot | null | undefined): number {
    return slot?.record ? (this.#indices.get(slot.record) ?? -1) : -1;
  }

  predictionOf(slot: Slot | null, sample: number): Prediction | null {
    return slot?.record?.predictions?.[sample] ?? null;
  }

  #within(chosen: number | null, role: "iteration" | "windows"): number {
    const size = this.site?.axes.find((axis) => axis.role === role)?.size ?? 1;
    return Math.min(chosen ?? 0, size - 1);
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
}
