/** Opens a gzip file that arrives, or that is there. */
export async function gunzip(
  file: ReadableStream<Uint8Array<ArrayBuffer>> | Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = file instanceof Uint8Array ? new Blob([file]).stream() : file;
  return new Uint8Array(await new Response(stream.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer());
}
