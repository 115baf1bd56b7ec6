import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Client } from "../src/api/client";
import { Prefetcher, type Bundle } from "../src/state/prefetch.svelte";
import { npy } from "./helpers";

const zip = async (value: number) =>
  new Uint8Array(
    await new Response(
      new Blob([new Uint8Array(npy("|u1", [1], Uint8Array.of(value)))])
        .stream()
        .pipeThrough(new CompressionStream("gzip")),
    ).arrayBuffer(),
  );
let fetched: string[] = [];
let aborted: string[] = [];
/** Requests wait here until the test answers them. */
let waiting: Map<string, (response: Response) => void>;

const never = new AbortController().signal;
const single = async (url: string) => waiting.get(url)!(new Response(await zip(1)));

/** Answers for `urls` together; those in `without` have no array. */
async function together(urls: string[], without: string[] = []): Promise<Response> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (const url of urls) {
    const file = without.includes(url) ? new Uint8Array() : await zip(2);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, file.length, true);
    parts.push(length, file);
  }
  return new Response(new Blob(parts));
}

function bundle(count: number): Bundle {
  const urls = Array.from({ length: count }, (_, i) => `step${i}`);
  return { urls, address: (indices) => indices.map((index) => urls[index]).join("+") };
}

beforeEach(() => {
  [fetched, aborted] = [[], []];
  waiting = new Map();
  vi.stubGlobal("window", { innerHeight: 1 });
  vi.stubGlobal("document", { baseURI: "http://host/", visibilityState: "visible" });
  vi.stubGlobal("fetch", (url: string, { signal }: RequestInit = {}) => {
    fetched.push(url);
    return new Promise<Response>((resolve, reject) => {
      waiting.set(url, resolve);
      signal?.addEventListener("abort", () => {
        aborted.push(url);
        reject(new DOMException("aborted", "AbortError"));
      });
    });
  });
});
afterEach(() => vi.unstubAllGlobals());

/** Answers whatever asks, until nothing does. */
async function answerAll(without: string[] = []): Promise<void> {
  let quiet = 0;
  while (quiet < 20) {
    quiet++;
    for (const [url, resolve] of waiting) {
      quiet = 0;
      waiting.delete(url);
      resolve(await together(url.split("+"), without));
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test("fifty steps cost three requests, each step once", async () => {
  const [client, steps] = [new Client(), bundle(50)];
  const prefetcher = new Prefetcher(client);
  prefetcher.want([], steps);
  await answerAll();
  expect(fetched).toHaveLength(3);
  expect(fetched.flatMap((url) => url.split("+"))).toEqual(steps.urls);
  expect(steps.urls.every((url) => client.has(url))).toBe(true);
  expect(prefetcher.fetched).toBe(50);
});

test("what is there, and what the server does not have, is not asked for again", async () => {
  const [client, steps] = [new Client(), bundle(6)];
  const prefetcher = new Prefetcher(client);
  prefetcher.want([], steps);
  await answerAll(["step3"]);
  prefetcher.want([], steps);
  await answerAll();
  expect(fetched).toHaveLength(1);
  prefetcher.forget();
  await vi.waitFor(() => expect(fetched).toEqual([steps.urls.join("+"), "step3"]));
});

test("what somebody waits for has the line for itself, and the rest goes on afterwards", async () => {
  const [client, steps] = [new Client(), bundle(4)];
  const prefetcher = new Prefetcher(client);
  prefetcher.want([], steps);
  await vi.waitFor(() => expect(fetched).toHaveLength(1));
  const awaited = client.array("step3", never);
  await vi.waitFor(() => expect(fetched).toContain("step3"));
  expect(aborted).toEqual(["step0+step1+step2+step3"]);
  await single("step3");
  waiting.clear();
  await awaited;
  await vi.waitFor(() => expect(fetched.at(-1)).toBe("step0+step1+step2"));
});

test("what is no longer wanted is aborted, what still is goes on", async () => {
  const prefetcher = new Prefetcher(new Client());
  prefetcher.want(["layer1", "layer2"]);
  await vi.waitFor(() => expect(fetched).toEqual(["layer1", "layer2"]));
  prefetcher.want(["layer2", "layer3"]);
  expect(aborted).toEqual(["layer1"]);
  await vi.waitFor(() => expect(fetched).toEqual(["layer1", "layer2", "layer3"]));
});

test("nothing new is begun while something is awaited", async () => {
  const prefetcher = new Prefetcher(new Client());
  prefetcher.want(["layer1"], bundle(3), true);
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(fetched).toEqual([]);
});
