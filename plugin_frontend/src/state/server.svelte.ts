/** What the server has: the list of runs, polled, and the series that somebody looks at. */
import { SvelteMap } from "svelte/reactivity";
import { Client } from "../api/client";
import type { RunsAnswer, SeriesAnswer } from "../api/wire";
import { isVisible, onVisibilityChanged } from "../host/visible";
import { onDataReloaded } from "../host/reload";
import { naturalOrder } from "../model/naturalOrder";
import { isReachableAgain, openingRun } from "../model/runs";
import { STANDALONE } from "../host/standalone";

export interface SeriesName {
  run: string;
  tag: string;
  attempt: number;
}

const SHORTEST_MS = 3000;
const LONGEST_MS = 30000;

const keyOf = ({ run, tag, attempt }: SeriesName) => JSON.stringify([run, tag, attempt]);

export class Server {
  readonly client = new Client();
  /** In natural order of their names. */
  runs = $state.raw<RunsAnswer | null>(null);
  /** The run that is shown until one is chosen: another that begins to train later does not take its place. */
  opened = $state.raw<string | null>(null);
  /** A sentence while the list of runs cannot be fetched. */
  error = $state.raw<string | null>(null);
  seriesError = $state.raw<string | null>(null);
  /** Counts how often the server, or a place of logs, answered again after it had not. */
  recovered = $state(0);

  #series = new SvelteMap<string, SeriesAnswer>();
  /** Version under which each series is being, or was last, fetched. */
  #asked = new Map<string, string>();
  #delay = SHORTEST_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #asking = false;

  start(): void {
    void this.poll();
    onDataReloaded(() => this.refresh());
    onVisibilityChanged(() => {
      if (isVisible()) this.refresh();
    });
  }

  /** Asks at once; for the host's Reload button, for Retry, and when the tab is shown again. */
  refresh(): void {
    this.#delay = SHORTEST_MS;
    void this.poll();
  }

  /** Asks for the runs and again later: every 3 s while something changes, less and less often up to 30 s while nothing does. */
  async poll(): Promise<void> {
    clearTimeout(this.#timer);
    // What lies in the page itself is read at once: notebooks hide the frames that are out of sight.
    if (!(isVisible() || STANDALONE) || this.#asking) return;
    this.#asking = true;
    try {
      const answer = await this.client.json<RunsAnswer>("runs", {});
      const changed = answer.version !== this.runs?.version;
      const again = isReachableAgain(this.runs, answer);
      // A new object makes what failed be asked for again.
      if (changed || this.error || this.seriesError) {
        this.runs = { ...answer, runs: [...answer.runs].sort((a, b) => naturalOrder(a.run, b.run)) };
      }
      this.opened ??= openingRun(answer);
      if (this.error || again) this.recovered++;
      this.error = null;
      this.#delay = changed ? SHORTEST_MS : Math.min(LONGEST_MS, this.#delay * 1.25);
    } catch (error) {
      this.error = error instanceof Error ? error.message : String(error);
      this.#delay = Math.min(LONGEST_MS, this.#delay * 1.5);
    } finally {
      this.#asking = false;
    }
    // The log in a stand-alone page does not change.
    if (STANDALONE && this.runs) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.poll(), this.#delay);
  }

  series(name: SeriesName | null): SeriesAnswer | null {
    return name ? (this.#series.get(keyOf(name)) ?? null) : null;
  }

  /** Fetches a series unless it is there in this version. */
  want(name: SeriesName, version: string): void {
    const key = keyOf(name);
    if (this.#asked.get(key) === version) return;
    this.#asked.set(key, version);
    this.client.json<SeriesAnswer>("series", { ...name }).then(
      (answer) => {
        if (this.#asked.get(key) === version) this.#series.set(key, answer);
        this.seriesError = null;
      },
      (error: unknown) => {
        if (this.#asked.get(key) === version) this.#asked.delete(key);
        this.seriesError = error instanceof Error ? error.message : String(error);
      },
    );
  }
}
