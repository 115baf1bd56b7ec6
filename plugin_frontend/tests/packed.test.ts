import { afterEach, expect, test, vi } from "vitest";
import { Client } from "../src/api/client";
import { Packed } from "../src/api/packed";
import { likeliest } from "../src/state/prefetchTargets.svelte";
import { npy } from "./helpers";

afterEach(() => vi.unstubAllGlobals());

const MEGABYTE = 2 ** 20;
const never = new AbortController().signal;

test("a body is there once it has come, and stays while there is room", async () => {
  const packed = new Packed();
  let arrive!: (body: Uint8Array<ArrayBuffer>) => void;
  const put = packed.put("a", new Promise((resolve) => (arrive = resolve)));
  expect(packed.has("a")).toBe(true);
  const waiting = packed.get("a");
  arrive(Uint8Array.of(1));
  await put;
  expect(await waiting).toEqual(Uint8Array.of(1));
  packed.keep(new Set(["b"]));
  expect(packed.has("a")).toBe(true);
  expect(await packed.get("b")).toBeNull();
});

test("it says when it is full, and has room again for what is wanted next", async () => {
  const packed = new Packed();
  for (const url of ["a", "b"]) await packed.put(url, Promise.resolve(new Uint8Array(4 * MEGABYTE)));
  expect(packed.full).toBe(true);
  packed.keep(new Set(["a"]));
  expect(packed.full).toBe(false);
  expect([packed.has("a"), packed.has("b")]).toEqual([true, false]);
});

test("what fails or is aborted is fetched when it is looked at", async () => {
  const packed = new Packed();
  await expect(packed.put("a", Promise.reject(new Error("gone")))).rejects.toThrow("gone");
  expect(packed.has("a")).toBe(false);
});

test("an array that was fetched packed is inflated without a request", async () => {
  vi.stubGlobal("document", { baseURI: "http://host/", visibilityState: "visible" });
  const file = new Blob([new Uint8Array(npy("|u1", [2], Uint8Array.of(3, 4)))]);
  const fetched: string[] = [];
  vi.stubGlobal("fetch", (url: string) => {
    fetched.push(url);
    return Promise.resolve(new Response(file.stream().pipeThrough(new CompressionStream("gzip"))));
  });
  const client = new Client();
  await client.pack("http://host/weights?site=1", never);
  const array = await client.array("http://host/weights?site=1", never);
  expect([...array.data]).toEqual([3, 4]);
  expect(fetched).toEqual(["http://host/weights?site=1"]);
});

test("packed bodies give way to what somebody waits for, unless it is they", async () => {
  vi.stubGlobal("document", { baseURI: "http://host/", visibilityState: "visible" });
  const aborted: string[] = [];
  vi.stubGlobal("fetch", (url: string, { signal }: RequestInit) => {
    signal?.addEventListener("abort", () => aborted.push(url));
    return new Promise(() => undefined);
  });
  const client = new Client();
  void client.pack("far", never).catch(() => undefined);
  void client.array("far", never).catch(() => undefined);
  expect(aborted).toEqual([]);
  await new Promise((resolve) => setTimeout(resolve));
  void client.array("near", never).catch(() => undefined);
  expect(aborted).toEqual(["far"]);
});

test("the nearest steps come first, then those of the film, then the others, each once", () => {
  const steps = Array.from({ length: 1000 }, (_, step) => step);
  const order = [...likeliest(steps, 500, 100)];
  expect(order.slice(0, 9)).toEqual([500, 499, 501, 498, 502, 497, 503, 496, 504]);
  expect(order.slice(9, 18).sort((a, b) => a - b)).toEqual([0, 100, 200, 300, 400, 600, 700, 800, 900]);
  expect(order.slice(18, 20)).toEqual([495, 505]);
  expect(new Set(order).size).toBe(1000);
  // At the end the first frame is not forgotten.
  expect([...likeliest(steps, 999, 500)].slice(5, 7)).toEqual([500, 0]);
  expect([...likeliest(steps, 2, 1)].slice(0, 4)).toEqual([2, 1, 3, 0]);
});
