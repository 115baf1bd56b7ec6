import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { flushLink, onLinkChanged, readLink, writeLink } from "../src/host/link";

/** The part of a page that the address needs: setting the hash reports the change in a later task, as browsers do. */
class Page extends EventTarget {
  location = { hash: "#attention&p.attention.run=a" };
  history = { state: null, replaceState: (_: unknown, __: string, hash: string) => void (this.location.hash = hash) };

  set(hash: string): void {
    this.location.hash = hash;
    setTimeout(() => this.dispatchEvent(new Event("hashchange")), 5);
  }
}

let page: Page;

beforeEach(() => {
  vi.useFakeTimers();
  page = new Page();
  vi.stubGlobal("parent", page);
  readLink();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

test("an address that is set while a choice waits to be written wins", () => {
  const seen: unknown[] = [];
  const stop = onLinkChanged((state) => seen.push(state));
  writeLink({ run: "a", view: "head" });
  page.set("#attention&p.attention.run=b");
  flushLink();
  vi.advanceTimersByTime(1000);
  expect(page.location.hash).toBe("#attention&p.attention.run=b");
  expect(seen).toEqual([{ run: "b" }]);
  stop();
});

test("a choice is written although our part was removed without an event", () => {
  writeLink({ run: "a", view: "head" });
  page.location.hash = "#attention";
  flushLink();
  vi.advanceTimersByTime(1000);
  expect(page.location.hash).toBe("#attention&p.attention.run=a&p.attention.view=head");
});
