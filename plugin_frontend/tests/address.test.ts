import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { beginGesture, endGesture } from "../src/host/gestures";
import { flushLink, onLinkChanged, readLink, writeLink } from "../src/host/link";

/** The part of a page that the address needs: setting the hash reports the change in a later task, as browsers do. */
class Page extends EventTarget {
  location = {
    hash: "#attention&p.attention.run=a",
    get href() {
      return `http://host/${this.hash}`;
    },
  };
  /** The addresses to which Back leads, the first first. */
  readonly behind: string[] = [];
  history = {
    state: null,
    replaceState: (_: unknown, __: string, url: string) => void (this.location.hash = new URL(url).hash),
    pushState: (_: unknown, __: string, url: string) => {
      this.behind.push(this.location.hash);
      this.location.hash = new URL(url).hash;
    },
  };

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
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw, 16));
  endGesture();
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

const KEYS = ["run", "view", "step", "versus"];
const at = (part: string) => `#attention&p.attention.run=a${part}`;

/** The user chooses, and waits `ms` afterwards. */
function choose(state: Record<string, string>, ms = 1500): void {
  beginGesture();
  writeLink({ run: "a", ...state }, KEYS);
  vi.advanceTimersByTime(ms);
}

test("each choice of the user is an entry of the history, and how it is drawn is none", () => {
  choose({ view: "head" });
  choose({ view: "head", mode: "lines" });
  choose({ view: "sample", mode: "lines" });
  expect(page.behind).toEqual([at(""), at("&p.attention.view=head&p.attention.mode=lines")]);
});

test("two choices within a frame are two entries", () => {
  choose({ view: "head" }, 5);
  choose({ view: "sample" });
  expect(page.behind).toEqual([at(""), at("&p.attention.view=head")]);
  expect(page.location.hash).toBe(at("&p.attention.view=sample"));
});

test("a drag of the timeline is one entry, and so are steps that follow each other closely", () => {
  beginGesture();
  for (let step = 1; step <= 40; step++) {
    writeLink({ run: "a", step: String(step) }, KEYS);
    vi.advanceTimersByTime(40);
  }
  vi.advanceTimersByTime(400);
  expect(page.behind).toEqual([at("")]);
  expect(page.location.hash).toBe(at("&p.attention.step=40"));
  choose({ step: "41" });
  expect(page.behind).toHaveLength(1);
  choose({ step: "7" });
  expect(page.behind).toEqual([at(""), at("&p.attention.step=41")]);
});

test("steps of A that follow each other closely are one entry too", () => {
  for (let step = 1; step <= 5; step++) choose({ view: "compare", versus: String(step) }, 300);
  vi.advanceTimersByTime(1000);
  expect(page.behind).toEqual([at(""), at("&p.attention.view=compare&p.attention.versus=1")]);
  expect(page.location.hash).toBe(at("&p.attention.view=compare&p.attention.versus=5"));
});

test("what changes by itself is no entry", () => {
  choose({ view: "head", step: "1" });
  vi.advanceTimersByTime(5000);
  for (const step of ["2", "3"]) {
    writeLink({ run: "a", view: "head", step }, KEYS);
    vi.advanceTimersByTime(1000);
  }
  expect(page.behind).toEqual([at("")]);
  expect(page.location.hash).toBe(at("&p.attention.view=head&p.attention.step=3"));
});

test("after Back the next choice is an entry, and other parts of the address are nobody's choice", () => {
  choose({ view: "head" });
  const stop = onLinkChanged(() => writeLink({ run: "a" }, KEYS));
  page.set(at(""));
  vi.advanceTimersByTime(1000);
  page.set(`${at("")}&theirs=1`);
  vi.advanceTimersByTime(1000);
  choose({ view: "sample" });
  expect(page.behind).toEqual([at(""), `${at("")}&theirs=1`]);
  stop();
});
