import { expect, test, vi } from "vitest";
import { Opening } from "../src/api/opening";

const ROOT = "http://host/data/plugin/attention/";
const frame = (text: string) => [text.length, 0, 0, 0, ...new TextEncoder().encode(text)];

/** An answer whose parts arrive when `send` is called with them. */
function answer(): { opening: Opening; send: (address: string, body: string) => void; end: () => void } {
  let controller!: ReadableStreamDefaultController<Uint8Array>;
  const body = new ReadableStream<Uint8Array>({ start: (made) => void (controller = made) });
  return {
    opening: new Opening(Promise.resolve(new Response(body))),
    send: (address, text) => controller.enqueue(Uint8Array.from([...frame(address), ...frame(text)])),
    end: () => controller.close(),
  };
}

const textOf = async (taken: Promise<Response | null>) => (await taken)?.text() ?? null;

test("a part answers its request as soon as it has come, and once", async () => {
  const { opening, send, end } = answer();
  const waiting = textOf(opening.take(`${ROOT}runs`));
  send("runs", "all");
  expect(await waiting).toBe("all");
  const again = textOf(opening.take(`${ROOT}runs`));
  end();
  expect(await again).toBeNull();
});

test("addresses are the same however they are escaped", async () => {
  const { opening, send } = answer();
  send("series?run=a+b~%28%2A%29&tag=t", "steps");
  const query = new URLSearchParams({ run: "a b~(*)", tag: "t" }).toString();
  expect(await textOf(opening.take(`${ROOT}series?${query}`))).toBe("steps");
});

test("what is not in it is sent: at once where it never is, else when all has come", async () => {
  const { opening, send, end } = answer();
  expect(await opening.take(`${ROOT}measures?run=a`)).toBeNull();
  const other = opening.take(`${ROOT}series?run=other`);
  send("series?run=a", "steps");
  end();
  expect(await other).toBeNull();
});

test("nothing in it is older than what a poll brings", async () => {
  vi.useFakeTimers();
  const { opening, send, end } = answer();
  send("series?run=a", "old");
  end();
  await vi.advanceTimersByTimeAsync(3001);
  expect(await opening.take(`${ROOT}series?run=a`)).toBeNull();
  vi.useRealTimers();
});

test.each([
  ["a failure", Promise.resolve(new Response("{}", { status: 500 }))],
  ["no answer", Promise.resolve(null)],
])("after %s every request is sent", async (_, none) => {
  expect(await new Opening(none).take(`${ROOT}runs`)).toBeNull();
});
