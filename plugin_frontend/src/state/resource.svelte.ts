/** Something fetched: the newest value stays until the next has come, so that the picture never goes blank. */

export class Resource<T> {
  /** The newest value, whatever it is of; see `key`. */
  value = $state.raw<T | null>(null);
  /** What `value` is of. */
  key = $state.raw<string | null>(null);
  /** A sentence, if what is wanted now could not be fetched. */
  error = $state.raw<string | null>(null);
  pending = $state.raw(false);

  #wanted: string | null = null;
  #controller: AbortController | null = null;

  /** Wants what `key` names. The same key again does nothing; another aborts what is under way. */
  want(key: string | null, fetcher: (key: string, signal: AbortSignal) => T | Promise<T>): void {
    if (key === this.#wanted) return;
    this.#wanted = key;
    this.#controller?.abort();
    this.error = null;
    if (key === null) return this.clear();
    const controller = new AbortController();
    this.#controller = controller;
    const answer = fetcher(key, controller.signal);
    if (!(answer instanceof Promise)) {
      this.#settle(key, answer);
      return;
    }
    this.pending = true;
    answer.then(
      (value) => {
        if (this.#wanted === key) this.#settle(key, value);
      },
      (error: unknown) => {
        if (this.#wanted !== key || controller.signal.aborted) return;
        this.pending = false;
        this.error = error instanceof Error ? error.message : String(error);
      },
    );
  }

  /** Wants nothing, and has nothing. */
  clear(): void {
    this.#controller?.abort();
    this.#wanted = null;
    this.pending = false;
    this.error = null;
    this.value = null;
    this.key = null;
  }

  /** Forgets a failure, so that the next `want` fetches again. */
  retry(): void {
    if (this.error === null) return;
    this.#wanted = null;
    this.error = null;
  }

  #settle(key: string, value: T): void {
    this.value = value;
    this.key = key;
    this.pending = false;
  }
}
