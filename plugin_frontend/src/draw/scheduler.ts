/** The one place where anything is drawn: what asks twice before the next frame is drawn once. */

const waiting = new Map<object, () => void>();
let frame = 0;

function run(): void {
  frame = 0;
  const jobs = [...waiting.values()];
  waiting.clear();
  for (const job of jobs) job();
}

/** Draws `job` in the next frame, in place of what `owner` asked for before. Returns the function that takes it back. */
export function schedule(owner: object, job: () => void): () => void {
  waiting.set(owner, job);
  frame ||= requestAnimationFrame(run);
  return () => {
    if (waiting.get(owner) === job) waiting.delete(owner);
  };
}
