/** Fetches what will probably be looked at next, two requests at a time, after what is looked at now. */
import type { Client } from "../api/client";
import { isVisible } from "../host/visible";

const WORKERS = 2;
/** So many steps are asked for in one request: few at first, because the nearest are the likeliest. */
const [FIRST, MORE] = [8, 24];
const AGAIN_MS = 100;

/** Arrays that can come in one answer: their addresses, and that of the answer for some of them. */
export interface Bundle {
  urls: string[];
  /** `indices`: of `urls`. Null where each comes by itself. */
  address: ((indices: number[]) => string) | null;
}

const NONE: Bundle = { urls: [], address: null };

interface Flight {
  urls: string[];
  controller: AbortController;
}

export class Prefetcher {
  /** Counts what has come, so that whoever draws from the cache draws anew. */
  fetched = $state(0);
  #queue: string[] = [];
  #packed: string[] = [];
  #bundle = NONE;
  #underWay = new Set<Flight>();
  /** What the server left out of an answer, and what failed: asked for by itself if it is looked at. */
  #absent = new Set<string>();
  #started = 0;
  #paused = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `mayBegin`: whether anything may be fetched ahead yet. */
  constructor(
    readonly client: Client,
    readonly mayBegin: () => boolean = () => true,
  ) {}

  /** Replaces what is wanted, the likeliest first; `packed`: what is only fetched and not yet inflated. What is under way and no longer wanted is aborted, the rest goes on; while `paused` nothing new is begun. */
  want(urls: string[], bundle = NONE, paused = false, packed: string[] = []): void {
    this.#queue = urls;
    this.#packed = packed;
    this.client.packed.keep(new Set(packed));
    this.#bundle = bundle;
    this.#paused = paused;
    const wanted = new Set([...urls, ...bundle.urls, ...packed]);
    for (const { urls: fetching, controller } of this.#underWay)
      if (!fetching.some((url) => wanted.has(url) && !this.client.has(url))) controller.abort();
    this.#next();
  }

  /** What could not be fetched may be there by now. */
  forget(): void {
    this.#absent.clear();
    this.#next();
  }

  #missing(url: string): boolean {
    if (this.client.has(url) || this.client.isComing(url) || this.#absent.has(url)) return false;
    for (const { urls, controller } of this.#underWay)
      if (!controller.signal.aborted && urls.includes(url)) return false;
    return true;
  }

  #next(): void {
    clearTimeout(this.#timer);
    while (!this.#paused && this.#underWay.size < WORKERS && isVisible()) {
      if (this.client.busy || !this.mayBegin()) {
        this.#timer = setTimeout(() => this.#next(), AGAIN_MS);
        return;
      }
      const url = this.#queue.find((one) => this.#missing(one));
      if (url !== undefined) this.#fetch([url]);
      else {
        const indices = this.#bundle.urls.flatMap((one, index) => (this.#missing(one) ? [index] : []));
        const { address } = this.#bundle;
        const some = indices.slice(0, !address ? 1 : this.#started === 0 ? FIRST : MORE);
        if (!some.length) return this.#pack();
        this.#started++;
        const urls = some.map((index) => this.#bundle.urls[index]!);
        this.#fetch(urls, address && some.length > 1 ? address(some) : undefined);
      }
    }
  }

  /** What is not likely enough to be inflated: last, one at a time. */
  #pack(): void {
    const { client } = this;
    const url = this.#packed.find((one) => this.#missing(one) && !client.packed.has(one));
    if (url === undefined || client.packed.full || this.#underWay.size > 0) return;
    const controller = new AbortController();
    this.#follow([url], controller, client.pack(url, controller.signal));
  }

  #fetch(urls: string[], together?: string): void {
    const controller = new AbortController();
    const answer =
      together === undefined
        ? this.client.array(urls[0]!, controller.signal, false).then(() => this.#arrived(urls[0]!, true))
        : this.client.several(together, urls, controller.signal, (url, there) => this.#arrived(url, there));
    this.#follow(urls, controller, answer);
  }

  #follow(urls: string[], controller: AbortController, answer: Promise<void>): void {
    const flight = { urls, controller };
    this.#underWay.add(flight);
    answer
      .catch((error: unknown) => {
        // It will be asked for again, and its failure shown, when it is looked at.
        if (!(error instanceof DOMException && error.name === "AbortError"))
          for (const url of urls) this.#absent.add(url);
      })
      .finally(() => {
        this.#underWay.delete(flight);
        this.#next();
      });
  }

  #arrived(url: string, there: boolean): void {
    if (there) this.fetched++;
    else this.#absent.add(url);
  }
}
