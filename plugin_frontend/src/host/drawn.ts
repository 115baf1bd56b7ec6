/** Marks that a view's pixels are on the screen, for whoever measures the tab. */

export interface Drawn {
  view: string;
  run: string | null;
  step: number | "init" | null;
  sample: string | null;
  site: string | null;
  head: number | null;
}

const NAME = "attention:drawn";
const MOST = 1000;
let marks = 0;

export function markDrawn(detail: Drawn): void {
  // A separate task runs after the frame in which the pixels were painted.
  setTimeout(() => {
    if (++marks % MOST === 0) performance.clearMarks(NAME);
    performance.mark(NAME, { detail });
  });
}

/** Whether there has been a first picture: until then nothing but what it needs should be on the wire. */
export function hasDrawn(): boolean {
  return marks > 0;
}
