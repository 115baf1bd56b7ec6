import { expect, test } from "vitest";
import { readFrames } from "../src/api/frames";

/** A body of files of these bytes, cut into pieces of `piece` bytes as a network would. */
function body(files: number[][], piece: number, cut = 0): ReadableStream<Uint8Array<ArrayBuffer>> {
  const bytes = files.flatMap((file) => [file.length, 0, 0, 0, ...file]);
  const whole = Uint8Array.from(bytes.slice(0, bytes.length - cut));
  return new ReadableStream({
    start(controller) {
      for (let i = 0; i < whole.length; i += piece) controller.enqueue(whole.slice(i, i + piece));
      controller.close();
    },
  });
}

async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<(number[] | null)[]> {
  const found: (number[] | null)[] = [];
  for await (const file of readFrames(stream)) found.push(file && [...file]);
  return found;
}

test.each([1, 2, 3, 5, 100])("files come whole, however the body is cut (%i bytes)", async (piece) => {
  expect(await read(body([[1, 2, 3], [], [4]], piece))).toEqual([[1, 2, 3], null, [4]]);
});

test("a file is there before the body has ended", async () => {
  let controller!: ReadableStreamDefaultController<Uint8Array<ArrayBuffer>>;
  const files = readFrames(new ReadableStream({ start: (made) => void (controller = made) }));
  controller.enqueue(Uint8Array.of(1, 0, 0, 0, 9, 5));
  expect([...(await files.next()).value!]).toEqual([9]);
});

test("a body that ends too early is refused", async () => {
  await expect(read(body([[1, 2, 3]], 2, 1))).rejects.toThrow("in the middle of a file");
  await expect(read(body([[1]], 2, 3))).rejects.toThrow("in the middle of a length");
});
