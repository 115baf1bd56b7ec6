/** The route `overviews` in a stand-alone page: several bodies in one, each after its length (http_api.md). */

type Overview = (step: string, sample: string) => Uint8Array<ArrayBuffer> | null;

export function overviews(params: URLSearchParams, overview: Overview): Response {
  const steps = (params.get("steps") ?? "").split(",");
  const parts = steps.flatMap((step) => {
    const body = overview(step, params.get("sample") ?? "");
    const length = new DataView(new ArrayBuffer(4));
    length.setUint32(0, body?.length ?? 0, true);
    return body ? [length.buffer, body] : [length.buffer];
  });
  return new Response(new Blob(parts));
}
