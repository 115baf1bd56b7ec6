/** Fetches what will probably be looked at next, two requests at a time, after what is looked at now. */
import type { Client } from "../api/client";
import { isVisible } from "../host/visible";

const WORKERS = 2;

export class Ahead {
  /** Counts what has come, so that whoever draws from the cache draws anew. */
  fetched = $state(0);
  #queue: string[] = [];
  #underWay = new Map<string, AbortController>();

  constructor(readonly client: Client) {}

  /** Replaces the queue. What is under way and no longer wanted is aborted, the rest goes on. */
  want(urls: string[]): void {
    this.#queue = urls.filter((url) => !this.client.peek(url) && !this.#underWay.has(url));
    const wanted = new Set(urls);
    for (const [url, controller] of this.#underWay) if (!wanted.has(url)) controller.abort();
    this.#next();
  }

  #next(): void {
    while (this.#underWay.size < WORKERS && this.#queue.length && isVisible()) {
      const url = this.#queue.shift()!;
      const controller = new AbortController();
      this.#underWay.set(url, controller);
      this.client
        .array(url, controller.signal, false)
        .then(
          () => this.fetched++,
          // It will be asked for again, and its failure shown, when it is looked at.
          () => undefined,
        )
        .finally(() => {
          this.#underWay.delete(url);
          this.#next();
        });
    }
  }
}
