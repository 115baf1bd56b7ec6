/** Compressed bodies of arrays that may be looked at next: of 512 positions a twentieth of what is in them. */

/** Together; what does not fit is not fetched. */
const MOST_BYTES = 8 * 2 ** 20;

type Bytes = Uint8Array<ArrayBuffer>;

export class Packed {
  #bodies = new Map<string, Bytes>();
  #coming = new Map<string, Promise<Bytes>>();
  #bytes = 0;

  get full(): boolean {
    return this.#bytes >= MOST_BYTES;
  }

  has(url: string): boolean {
    return this.#bodies.has(url) || this.#coming.has(url);
  }

  /** Keeps what `body` brings. */
  async put(url: string, body: Promise<Bytes>): Promise<void> {
    this.#coming.set(url, body);
    try {
      const bytes = await body;
      this.#bodies.set(url, bytes);
      this.#bytes += bytes.length;
    } finally {
      this.#coming.delete(url);
    }
  }

  /** The body of an address, now or once it has come; null for none. */
  async get(url: string): Promise<Bytes | null> {
    return this.#bodies.get(url) ?? (await this.#coming.get(url)?.catch(() => null)) ?? null;
  }

  /** Forgets all others, where there is no room left for what is wanted. */
  keep(wanted: ReadonlySet<string>): void {
    if (!this.full) return;
    for (const [url, bytes] of this.#bodies)
      if (!wanted.has(url)) {
        this.#bodies.delete(url);
        this.#bytes -= bytes.length;
      }
  }
}
