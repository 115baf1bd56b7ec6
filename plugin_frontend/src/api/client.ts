/**
 * Fetches from the plugin's routes: what is asked for twice is fetched once, at most six requests run at a time, and a
 * request that nobody waits for any more is aborted.
 */
import type { SamplesAnswer } from "./wire";
import { readFrames } from "./frames";
import { gunzip } from "./gzip";
import { Packed } from "./packed";
import { readNpy, type NpyArray } from "./npy";
import { ROOT, transport } from "./transport";

export type Params = Record<string, string | number | null | undefined>;

/** A failure that a person should read: the server's sentence, or that it did not answer. */
export class FetchError extends Error {
  constructor(
    message: string,
    readonly status: number,
  ) {
    super(message);
  }
}

const AT_ONCE = 6;
/** Of what is kept, such as the overviews of 60 steps of 144 heads with some five layers at 512 tokens. A larger array is kept alone. */
const CACHE_BYTES = 24 * 2 ** 20;

/** By hand: a `URL` and its parameters take twenty times as long, and hundreds of addresses are made for every step. */
export function address(route: string, params: Params): string {
  const query = Object.entries(params).flatMap(([key, value]) =>
    value === null || value === undefined ? [] : [`${key}=${encodeURIComponent(value)}`],
  );
  const root = ROOT();
  return root.slice(0, root.lastIndexOf("/") + 1) + route + (query.length ? `?${query.join("&")}` : "");
}

interface Flight {
  promise: Promise<NpyArray>;
  controller: AbortController;
  waiting: number;
}

export class Client {
  #running = 0;
  #queue: { url: string; start: () => void; urgent: boolean }[] = [];
  #flights = new Map<string, Flight>();
  /** In order of use, the oldest first. */
  #cache = new Map<string, NpyArray>();
  #cachedBytes = 0;
  /** Answers of several arrays under way. They give way to whatever a person waits for. */
  #batches = new Set<AbortController>();
  #awaited = 0;
  readonly packed = new Packed();

  /** Whether a person waits for an array. */
  get busy(): boolean {
    return this.#awaited > 0;
  }

  async json<T>(route: string, params: Params, signal?: AbortSignal): Promise<T> {
    const response = await this.#fetch(address(route, params), true, signal);
    return (await response.json()) as T;
  }

  /** The samples of a file, each with its index. */
  async samples(params: Params, signal?: AbortSignal): Promise<SamplesAnswer> {
    const answer = await this.json<SamplesAnswer>("samples", params, signal);
    answer.samples.forEach((sample, index) => (sample.index = index));
    return answer;
  }

  /** What is in the cache already, without a request. */
  peek(url: string): NpyArray | undefined {
    const cached = this.#cache.get(url);
    if (cached) {
      this.#cache.delete(url);
      this.#cache.set(url, cached);
    }
    return cached;
  }

  /** Whether it is in the cache; does not count as its use. */
  has(url: string): boolean {
    return this.#cache.has(url);
  }

  /** Whether it is being fetched by itself. */
  isComing(url: string): boolean {
    return this.#flights.has(url);
  }

  /** An array, at once where it is in the cache. */
  get(url: string, signal: AbortSignal): NpyArray | Promise<NpyArray> {
    return this.peek(url) ?? this.array(url, signal);
  }

  /** An array; `urgent` ones go before those that are fetched in advance. */
  array(url: string, signal: AbortSignal, urgent = true): Promise<NpyArray> {
    const cached = this.peek(url);
    if (cached) return Promise.resolve(cached);
    if (urgent && !this.packed.has(url)) for (const batch of this.#batches) batch.abort();
    let flight = this.#flights.get(url);
    if (!flight) {
      const controller = new AbortController();
      flight = { controller, waiting: 0, promise: this.#array(url, urgent, controller.signal) };
      this.#flights.set(url, flight);
      const started = flight;
      const landed = () => {
        if (this.#flights.get(url) === started) this.#flights.delete(url);
      };
      flight.promise.then(landed, landed);
    }
    // Asked for in advance and now waited for: it need not queue any longer.
    else if (urgent) for (const entry of this.#queue) entry.urgent ||= entry.url === url;
    this.#next();
    const joined = this.#join(url, flight, signal);
    if (urgent) {
      this.#awaited++;
      const settled = () => void this.#awaited--;
      joined.then(settled, settled);
    }
    return joined;
  }

  /**
   * Several arrays in one answer (`overviews`), each kept under its own address as soon as it has come. `arrived` is told of each, and
   * whether there is one. Rejects when `signal` aborts, and when somebody waits for another array: over a slow line that would have to
   * share it with what nobody looks at yet.
   */
  several(
    url: string,
    keys: string[],
    signal: AbortSignal,
    arrived: (key: string, there: boolean) => void,
  ): Promise<void> {
    return this.#givingWay(signal, async (own) => {
      const response = await this.#fetch(url, false, own);
      if (!response.body) throw new FetchError("The server's answer was empty.", response.status);
      let next = 0;
      for await (const file of readFrames(response.body)) {
        const key = keys[next++];
        if (key === undefined) break;
        if (file && !this.has(key)) this.#keep(key, readNpy(await gunzip(file)));
        arrived(key, file !== null);
      }
    });
  }

  #join(url: string, flight: Flight, signal: AbortSignal): Promise<NpyArray> {
    flight.waiting++;
    return new Promise((resolve, reject) => {
      const leave = () => {
        flight.waiting--;
        if (flight.waiting === 0) {
          // At once, so that whoever asks next does not join a request that is being aborted.
          if (this.#flights.get(url) === flight) this.#flights.delete(url);
          flight.controller.abort();
        }
        reject(new DOMException("aborted", "AbortError"));
      };
      if (signal.aborted) return leave();
      signal.addEventListener("abort", leave, { once: true });
      flight.promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", leave));
    });
  }

  /** Fetches the body of an array as it is, for when somebody looks at it; it need only be inflated then. */
  pack(url: string, signal: AbortSignal): Promise<void> {
    return this.#givingWay(signal, (own) =>
      this.packed.put(
        url,
        this.#fetch(url, false, own).then(async (response) => new Uint8Array(await response.arrayBuffer())),
      ),
    );
  }

  /** Runs `work` until `signal` aborts, or somebody waits for an array. */
  async #givingWay(signal: AbortSignal, work: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const controller = new AbortController();
    const abort = () => controller.abort();
    signal.addEventListener("abort", abort, { once: true });
    this.#batches.add(controller);
    try {
      await work(controller.signal);
    } finally {
      this.#batches.delete(controller);
      signal.removeEventListener("abort", abort);
    }
  }

  async #array(url: string, urgent: boolean, signal: AbortSignal): Promise<NpyArray> {
    const packed = this.packed.has(url) ? await this.packed.get(url) : null;
    const body = packed ?? (await this.#fetch(url, urgent, signal)).body;
    if (!body) throw new FetchError("The server's answer was empty.", 200);
    const array = readNpy(await gunzip(body));
    this.#keep(url, array);
    return array;
  }

  #keep(url: string, array: NpyArray): void {
    this.#cache.set(url, array);
    this.#cachedBytes += array.data.byteLength;
    for (const [old, value] of this.#cache) {
      if (this.#cachedBytes <= CACHE_BYTES || old === url) break;
      this.#cache.delete(old);
      this.#cachedBytes -= value.data.byteLength;
    }
  }

  async #fetch(url: string, urgent: boolean, signal?: AbortSignal): Promise<Response> {
    await this.#turn(url, urgent);
    try {
      signal?.throwIfAborted();
      const response = await transport(url, { signal: signal ?? null }).catch((error: unknown) => {
        if (signal?.aborted) throw error;
        throw new FetchError("TensorBoard did not answer.", 0);
      });
      if (!response.ok) throw new FetchError(await sentenceOf(response), response.status);
      return response;
    } finally {
      this.#running--;
      this.#next();
    }
  }

  #turn(url: string, urgent: boolean): Promise<void> {
    return new Promise((resolve) => {
      this.#queue.push({ url, start: resolve, urgent });
      this.#next();
    });
  }

  #next(): void {
    // Two requests are kept free for what a person waits for.
    const urgent = this.#queue.findIndex((entry) => entry.urgent);
    const index = urgent >= 0 ? urgent : this.#running < AT_ONCE - 2 ? 0 : -1;
    if (this.#running >= AT_ONCE || index < 0) return;
    const [entry] = this.#queue.splice(index, 1);
    if (!entry) return;
    this.#running++;
    entry.start();
  }
}

async function sentenceOf(response: Response): Promise<string> {
  try {
    const body = (await response.json()) as { error?: unknown };
    if (typeof body.error === "string") return body.error;
  } catch {
    // Not ours: a proxy's page, for instance. The status says enough.
  }
  return `TensorBoard answered ${response.status} ${response.statusText}.`;
}
