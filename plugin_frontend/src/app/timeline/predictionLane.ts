/** The lane under the film: what the view gives, else what the model made of the chosen sample at each step, or of several. */
import { countLane, type StepLane } from "../../model/lane";
import { className, verdict } from "../../model/samples";
import type { Store } from "../../state/store.svelte";

export function laneOf(store: Store): StepLane | null {
  if (store.lane?.()) return store.lane();
  return store.averaging.ofMeasures ? averageLane(store) : predictionLane(store);
}

/** How many of the samples that are averaged are right. */
function averageLane(store: Store): StepLane | null {
  const { average } = store.averaging;
  const counts = store.slots.map((slot) => {
    // Of those that are right all are: at each step their number says more.
    const samples = store.averaging.at(slot);
    const judged = samples.map((index) => verdict(store.samples[index]!, store.predictionOf(slot, index)));
    const known = judged.filter((right) => right !== null);
    const right = known.filter(Boolean).length;
    return { right, known: known.length, all: samples.length };
  });
  if (average === "right" || average === "wrong")
    return countLane(
      `samples ${average}`,
      counts.map(({ all }) => all),
      String,
    );
  if (!counts.some(({ known }) => known)) return null;
  return countLane(
    "samples right",
    counts.map(({ right, known }) => (known ? right : NaN)),
    String,
  );
}

function predictionLane(store: Store): StepLane | null {
  const { sample, sampleIndex, showsExamples } = store;
  // The examples of cells are others at every step.
  if (showsExamples) return null;
  const values = store.slots.map((slot) => {
    const prediction = sample && store.predictionOf(slot, sampleIndex);
    return prediction
      ? { text: className(store.classNames, prediction.class), right: verdict(sample, prediction) }
      : null;
  });
  return values.some(Boolean) ? { name: "prediction", values } : null;
}
