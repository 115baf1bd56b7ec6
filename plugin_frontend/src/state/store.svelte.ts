/** The one owner of what the tab shows. Choices and answers are stored; everything else is derived from them. */
import { MediaQuery } from "svelte/reactivity";
import type { Step } from "../api/wire";
import { takeFocusWhenShown } from "../host/focus";
import { watchGestures } from "../host/gestures";
import { copyLink } from "../host/link";
import { watchTheme } from "../host/theme";
import type { Table } from "../model/table";
import type { Target } from "../model/sentences";
import type { FrameDrawing } from "../model/filmFrame";
import type { StepLane } from "../model/lane";
import { entriesOf, newestAttempt, pickSeries, runColor } from "../model/runs";
import { slotAt, type Slot } from "../model/timeline";
import type { View } from "./choices.svelte";
import { ConfusionState } from "./confusionState.svelte";
import { Data } from "./data.svelte";
import { MapArrays } from "./mapArrays.svelte";
import { HeadKinds } from "./headKinds.svelte";
import { RunList } from "./runList.svelte";
import { ColorScales } from "./colorScales.svelte";
import { SampleSelection } from "./sampleSelection.svelte";

const SAID_MS = 2500;

export class Store extends SampleSelection {
  /** Whether the list of keys is open. */
  help = $state(false);
  /** In a narrow window the rail is folded, and opens over the page. */
  readonly #narrow = new MediaQuery("max-width: 1100px");
  railOpen = $state(false);
  /** What was just done, in a sentence; gone a moment later. */
  said = $state("");
  /** The numbers that the view shows, as a table with a head, for the CSV; null where it shows none. */
  numbers = $state.raw<(() => Table) | null>(null);
  /** What the view shows of every step under the film; null for the sample's prediction. Set and taken back by the view. */
  lane = $state.raw<(() => StepLane | null) | null>(null);
  /** What the film draws of a step in place of the map; null for the map. Set and taken back by the view. */
  filmFrame = $state.raw<((slot: Slot) => FrameDrawing | null) | null>(null);
  readonly runList = new RunList(this);
  readonly arrays = new MapArrays(this);
  readonly confusion = new ConfusionState(this);
  readonly data = new Data(this, this.arrays, this.confusion);
  readonly scales = new ColorScales(this, this.arrays);
  readonly kinds = new HeadKinds(this, this.arrays, this.scales);
  #markOpened = () => {};
  /** Until there is a first picture to draw, or none to wait for. */
  readonly opened = new Promise<void>((resolve) => (this.#markOpened = resolve));

  start(): void {
    watchGestures();
    takeFocusWhenShown();
    watchTheme((dark) => {
      this.dark = dark;
      document.documentElement.classList.toggle("dark", dark);
    });
    $effect.root(() => {
      // However one came back to the matrix, there is no way back to it any more.
      $effect(() => {
        if (this.view === "confusion") this.confusion.examples.opened = null;
      });
      $effect(() => this.choices.save());
      $effect(() => {
        const { run, series, mapsName, arrays, server } = this;
        const nothing = server.error ?? server.seriesError ?? (server.runs && !run);
        if (nothing || (series && (arrays.overview.value || arrays.overview.error || !mapsName))) this.#markOpened();
      });
      $effect(() => this.#wantSeries());
      this.data.start();
    });
    this.server.start();
  }

  #wantSeries(): void {
    this.wantSeries();
    for (const run of this.otherRuns) this.server.want(run.name, run.version);
  }

  /** What stands where a step would be named: nothing is said of a series that has not come. */
  get noStep(): string {
    return this.series ? "no step yet" : "loading …";
  }

  get narrow(): boolean {
    return this.#narrow.current;
  }

  /** The other runs that are chosen. */
  readonly otherRuns = $derived(
    this.runList.all.flatMap(({ run, index }) => {
      const entry = pickSeries(entriesOf(run, "attention"), this.choices.tag, "attention") ?? run.series[0];
      if (run.run === this.run?.run || !this.runList.isChosen(run.run) || !entry) return [];
      const name = { run: run.run, tag: entry.tag, attempt: newestAttempt(entry) };
      return [{ name, version: entry.version, color: runColor(index, this.dark) }];
    }),
  );

  /** Shows the slot at an index of the timeline; the newest readable one means: follow. */
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

  say(text: string): void {
    this.said = text;
    setTimeout(() => (this.said = ""), SAID_MS);
  }

  async copyLink(): Promise<void> {
    this.say((await copyLink()) ? "Link copied." : "The browser refused; the address bar has the link.");
  }

  showStep(step: Step | null): void {
    this.choices.step = step;
  }

  showHead(site: number, head: number, view?: View): void {
    const path = this.sites[site]?.path;
    if (path === undefined) return;
    if (path !== this.site?.path) this.choices.window = null;
    this.choices.site = path;
    this.choices.head = head;
    if (view) this.choices.view = view;
  }

  /** Follows a name in a sentence. */
  go(target: Target): void {
    switch (target.kind) {
      case "head":
        return this.showHead(target.site, target.head, "head");
      case "step":
        return this.showStep(target.step);
      case "run":
        return this.showRun(target.run);
      case "sample":
        this.choices.sample = target.id;
        this.choices.view = "sample";
        return;
      case "cell":
        this.choices.cell = `${target.truth}.${target.predicted}`;
        this.choices.view = "confusion";
    }
  }

  showRun(run: string): void {
    this.choices.run = run;
    this.choices.matrices = null;
    this.choices.folded = null;
    this.choices.attempt = null;
  }
}
