/**
 * What the first picture needs, in one answer (`opening` in http_api.md), which is asked for before this script has come. Else each
 * request would wait for the answer to the one before, over a slow line for most of the time.
 */
import { readFrames } from "./frames";

/** What is not asked for by then is asked for anew, as the log may have changed: so old is what was polled, too. */
const KEPT_MS = 3000;
const ROUTES = new Set(["runs", "series", "samples", "overview", "weights"]);

type Bytes = Uint8Array<ArrayBuffer>;

/** Route and parameters, spelled as the browser spells them. */
function comparable(address: string): string {
  const [path = "", query = ""] = address.split("?");
  return `${path.slice(path.lastIndexOf("/") + 1)}?${new URLSearchParams(query).toString()}`;
}

export class Opening {
  #parts = new Map<string, Bytes>();
  /** Until the next part has come; null once all have. */
  #coming: Promise<void> | null = null;
  #came = () => {};

  /** `answer`: null where there is none. */
  constructor(answer: Promise<Response | null>) {
    this.#await();
    void this.#read(answer)
      .catch(() => undefined)
      .finally(() => {
        this.#came();
        this.#coming = null;
        setTimeout(() => this.#parts.clear(), KEPT_MS);
      });
  }

  /** The answer to a request, once; null where it has to be sent. */
  async take(url: string): Promise<Response | null> {
    const key = comparable(url);
    if (!ROUTES.has(key.slice(0, key.indexOf("?")))) return null;
    while (this.#coming && !this.#parts.has(key)) await this.#coming;
    const part = this.#parts.get(key);
    this.#parts.delete(key);
    return part ? new Response(part) : null;
  }

  async #read(answer: Promise<Response | null>): Promise<void> {
    const response = await answer;
    if (!response?.ok || !response.body) return;
    let address: Bytes | null = null;
    for await (const frame of readFrames(response.body)) {
      if (!address) address = frame;
      else {
        if (frame) this.#parts.set(comparable(new TextDecoder().decode(address)), frame);
        address = null;
        this.#came();
        this.#await();
      }
    }
  }

  #await(): void {
    this.#coming = new Promise((resolve) => (this.#came = resolve));
  }
}
