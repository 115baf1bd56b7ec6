/** What the Samples view lists: the samples that pass the filters, in order, with the positions of a word. */
import { frequentClasses, sampleRow, sortRows, type SampleRow } from "../../model/browse";
import { keywordsOf, type Keyword, type KeywordOrder } from "../../model/keywords";
import { usesOf, type Use } from "../../model/wordUses";
import { Keywords } from "../../state/keywords.svelte";
import { WordSearch } from "../../state/wordSearch.svelte";
import type { Store } from "../../state/store.svelte";

/** So many classes a menu lists. */
const MOST_CLASSES = 100;

export class SampleTable {
  turned = $state(false);
  /** Whether the tags and the note of the chosen sample are open. */
  noting = $state(false);
  readonly search: WordSearch;
  readonly heard: Keywords;
  readonly #options = $derived.by(() => this.store.choices.options.values);

  /** Those that pass the filters of the rail, which this view shares. */
  readonly rows: SampleRow[] = $derived.by(() => {
    const { store } = this;
    return store.shownSamples.map(({ sample, index, prediction }) =>
      sampleRow(sample, index, prediction, store.predictionOf(store.previousSlot, index), store.classNames),
    );
  });
  readonly uses: Use[] = $derived.by(() => usesOf(this.word, this.store.samples, this.store.site));
  readonly usesOf = $derived(new Map(this.uses.map((use) => [use.index, use])));
  readonly searching = $derived(this.word.trim() !== "");
  readonly sorted: SampleRow[] = $derived.by(() => {
    const { since, sort } = this.#options;
    const matching = this.rows.filter(
      (row) => (since === "all" || row.flipped) && (!this.searching || this.usesOf.has(row.index)),
    );
    return sortRows(matching, sort, this.turned);
  });

  /** The words of the listed samples; none until they are asked for. */
  readonly keywords: Keyword[] = $derived.by(() => {
    const received = this.keywordOrder ? this.heard.received.value : null;
    const indices = this.sorted.map(({ index }) => index);
    return received ? keywordsOf(received.site, this.store.samples, indices, received.weights) : [];
  });

  readonly hasNotes = $derived.by(() => this.noting || this.store.sampleNotes.ofRun.size > 0);

  readonly labels: number[] = $derived.by(() =>
    frequentClasses(
      this.store.samples.map((sample) => sample.label?.class),
      MOST_CLASSES,
      this.store.filter.label,
    ),
  );
  readonly predictions: number[] = $derived.by(() =>
    frequentClasses(
      this.store.record?.predictions?.map((prediction) => prediction?.class) ?? [],
      MOST_CLASSES,
      this.store.filter.prediction,
    ),
  );

  get word(): string {
    return this.store.choices.word;
  }

  set word(word: string) {
    this.store.choices.word = word;
  }

  /** By what the words of the listed samples are ranked; null while they are not shown. */
  get keywordOrder(): KeywordOrder | null {
    const { keywords } = this.#options;
    return keywords === "no" ? null : keywords;
  }

  set keywordOrder(order: KeywordOrder | null) {
    this.#options.keywords = order ?? "no";
    if (order) this.noting = false;
  }

  constructor(readonly store: Store) {
    this.search = new WordSearch(store);
    this.heard = new Keywords(store);
  }

  /** Opens or closes the tags and notes, in the place of the words. */
  note(open: boolean): void {
    this.noting = open;
    if (open) this.keywordOrder = null;
  }

  /** Chooses a sample and opens its tags and its note. */
  annotate(id: string): void {
    this.store.choices.sample = id;
    this.note(true);
  }

  /** Opens a sample, with one of its words as the query. */
  open(id: string, query?: number): void {
    this.store.choices.sample = id;
    if (query !== undefined) this.store.choices.query = query;
    this.store.choices.view = "sample";
  }
}
