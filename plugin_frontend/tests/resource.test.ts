import { expect, test } from "vitest";
import { Resource } from "../src/state/resource.svelte";

/** A fetch that is answered by hand. */
function fetches() {
  const calls: { key: string; signal: AbortSignal; answer: (value: string) => void; fail: (error: Error) => void }[] =
    [];
  const fetcher = (key: string, signal: AbortSignal) =>
    new Promise<string>((answer, fail) => calls.push({ key, signal, answer, fail }));
  return { calls, fetcher };
}
const turn = () => new Promise((resolve) => setTimeout(resolve));

test("the old value stays until the next has come", async () => {
  const { calls, fetcher } = fetches();
  const resource = new Resource<string>();
  resource.want("a", fetcher);
  calls[0]!.answer("A");
  await turn();
  resource.want("b", fetcher);
  expect([resource.value, resource.key, resource.pending]).toEqual(["A", "a", true]);
  calls[1]!.answer("B");
  await turn();
  expect([resource.value, resource.key, resource.pending]).toEqual(["B", "b", false]);
});

test("another key aborts what is under way, and its answer is not taken for the new one", async () => {
  const { calls, fetcher } = fetches();
  const resource = new Resource<string>();
  resource.want("a", fetcher);
  resource.want("b", fetcher);
  expect(calls[0]!.signal.aborted).toBe(true);
  calls[1]!.answer("B");
  calls[0]!.answer("late");
  await turn();
  expect(resource.value).toBe("B");
});

test("the same key is fetched once", () => {
  const { calls, fetcher } = fetches();
  const resource = new Resource<string>();
  resource.want("a", fetcher);
  resource.want("a", fetcher);
  expect(calls.length).toBe(1);
});

test("what is there already is there at once", () => {
  const resource = new Resource<string>();
  resource.want("a", () => "A");
  expect([resource.value, resource.pending]).toEqual(["A", false]);
});

test("a failure keeps the old value, and retry fetches again", async () => {
  const { calls, fetcher } = fetches();
  const resource = new Resource<string>();
  resource.want("a", () => "A");
  resource.want("b", fetcher);
  calls[0]!.fail(new Error("There is no step 7."));
  await turn();
  expect([resource.value, resource.error]).toEqual(["A", "There is no step 7."]);
  resource.retry();
  resource.want("b", fetcher);
  expect([calls.length, resource.error]).toEqual([2, null]);
});

test("clearing leaves nothing of another series behind", async () => {
  const { calls, fetcher } = fetches();
  const resource = new Resource<string>();
  resource.want("a", fetcher);
  resource.clear();
  calls[0]!.answer("A");
  await turn();
  expect(resource.value).toBeNull();
});
