import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { address, Client, FetchError } from "../src/api/client";
import { npy } from "./helpers";

const file = new Uint8Array(npy("|u1", [2], Uint8Array.of(1, 2)));
const body = await new Response(new Blob([file]).stream().pipeThrough(new CompressionStream("gzip"))).arrayBuffer();
let running = 0;
let most = 0;
let fetched: string[] = [];
/** Answers after one turn of the event loop, so that requests overlap; rejects when aborted, as fetch does. */
const answer = (url: string, { signal }: RequestInit = {}) =>
  new Promise<Response>((resolve, reject) => {
    fetched.push(url);
    most = Math.max(most, ++running);
    signal?.addEventListener("abort", () => {
      running--;
      reject(new DOMException("aborted", "AbortError"));
    });
    setTimeout(() => {
      if (signal?.aborted) return;
      running--;
      resolve(new Response(body));
    });
  });

beforeEach(() => {
  [running, most, fetched] = [0, 0, []];
  vi.stubGlobal("document", { baseURI: "http://host/data/plugin/attention/" });
  vi.stubGlobal("fetch", answer);
});
afterEach(() => vi.unstubAllGlobals());

const never = new AbortController().signal;

test("addresses leave out what is not there", () => {
  expect(address("series", { run: "a b", attempt: null, step: 0 })).toBe(
    "http://host/data/plugin/attention/series?run=a%20b&step=0",
  );
});

test("arrays are opened, and fetched once however often they are asked for", async () => {
  const client = new Client();
  const [first, second] = await Promise.all([client.array("x", never), client.array("x", never)]);
  expect([...first.data]).toEqual([1, 2]);
  expect(second).toBe(first);
  expect(await client.array("x", never)).toBe(client.peek("x"));
  expect(fetched).toEqual(["x"]);
});

test("at most six requests run at once, four of those made in advance", async () => {
  const client = new Client();
  const all = (urgent: boolean) =>
    Promise.all(Array.from({ length: 20 }, (_, i) => client.array(`${urgent}${i}`, never, urgent)));
  await all(true);
  expect(most).toBe(6);
  most = 0;
  await all(false);
  expect(most).toBe(4);
});

test("what is waited for goes before what is fetched in advance", async () => {
  const client = new Client();
  const advance = Array.from({ length: 8 }, (_, i) => client.array(`advance${i}`, never, false));
  await client.array("wanted", never);
  expect(fetched.indexOf("wanted")).toBe(4);
  await Promise.all(advance);
});

test("what was to be fetched in advance is fetched at once when somebody waits for it", async () => {
  const client = new Client();
  const advance = Array.from({ length: 8 }, (_, i) => client.array(`advance${i}`, never, false));
  await client.array("advance7", never);
  expect(fetched.indexOf("advance7")).toBe(4);
  await Promise.all(advance);
});

test("what is asked for again right after an abort is fetched again", async () => {
  const client = new Client();
  const controller = new AbortController();
  const gone = expect(client.array("x", controller.signal)).rejects.toThrow("aborted");
  controller.abort();
  expect([...(await client.array("x", never)).data]).toEqual([1, 2]);
  await gone;
});

test("a request is aborted when the last who waits for it leaves, not before", async () => {
  const client = new Client();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = client.array("x", one.signal);
  const second = client.array("x", two.signal);
  one.abort();
  await expect(first).rejects.toThrow("aborted");
  expect([...(await second).data]).toEqual([1, 2]);
  const third = new AbortController();
  const gone = client.array("y", third.signal);
  third.abort();
  await expect(gone).rejects.toThrow("aborted");
  await vi.waitFor(() => expect(running).toBe(0));
  expect(client.peek("y")).toBeUndefined();
});

test("the server's sentence is what the person reads", async () => {
  vi.stubGlobal("fetch", () =>
    Promise.resolve(new Response(JSON.stringify({ error: "There is no step 7." }), { status: 404 })),
  );
  await expect(new Client().json("series", {})).rejects.toEqual(new FetchError("There is no step 7.", 404));
  vi.stubGlobal("fetch", () => Promise.resolve(new Response("<html>", { status: 502, statusText: "Bad Gateway" })));
  await expect(new Client().json("series", {})).rejects.toThrow("TensorBoard answered 502 Bad Gateway.");
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(new Client().json("series", {})).rejects.toThrow("TensorBoard did not answer.");
});
