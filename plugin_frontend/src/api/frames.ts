/** Bodies of `overviews`: for each of several files its length, uint32 little-endian, and so many bytes. */

/** The files of a body, each as soon as its last byte has come; null for one of no length. */
export async function* readFrames(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer> | null> {
  const reader = body.getReader();
  let parts: Uint8Array<ArrayBuffer>[] = [];
  let have = 0;

  /** The next `count` bytes; null where the body ends before them. */
  async function take(count: number): Promise<Uint8Array<ArrayBuffer> | null> {
    while (have < count) {
      const { value, done } = await reader.read();
      if (done) return null;
      parts.push(value);
      have += value.length;
    }
    const taken = new Uint8Array(count);
    let at = 0;
    while (at < count) {
      const part = parts[0]!;
      const piece = part.subarray(0, count - at);
      taken.set(piece, at);
      at += piece.length;
      if (piece.length === part.length) parts.shift();
      else parts[0] = part.subarray(piece.length);
    }
    have -= count;
    return taken;
  }

  try {
    for (;;) {
      const head = await take(4);
      if (!head) {
        if (have > 0) throw new Error("the answer ends in the middle of a length");
        return;
      }
      const length = new DataView(head.buffer).getUint32(0, true);
      if (length === 0) yield null;
      else {
        const file = await take(length);
        if (!file) throw new Error("the answer ends in the middle of a file");
        yield file;
      }
    }
  } finally {
    parts = [];
    reader.releaseLock();
  }
}
