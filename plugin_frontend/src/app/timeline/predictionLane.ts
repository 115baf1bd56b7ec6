/** The lane under the film: what the view gives, else what the model made of the chosen sample at each step, or of several. */
import { countLane, type StepLane } from "../../model/lane";
import { className, verdict } from "../../model/samples";
import type { Store } from "../../state/store.svelte";

export function laneOf(store: Store): StepLane | null {
  return store.lane?.() ?? (store.averaging.ofMeasures ? averageLane(store) : predictionLane(store));
}

/** How many of the samples that are averaged are right; NaN at a step of which that is not known. */
function averageLane(store: Store): StepLane | null {
  const { average } = store.averaging;
  const samples = store.slots.map((slot) => store.averaging.at(slot));
  // An average over the right samples has only right ones: what changes from step to step is how many they are.
  if (average === "right" || average === "wrong") {
    const counts = samples.map(({ length }) => length);
    return countLane(`samples ${average}`, counts, String);
  }
  const counts = store.slots.map((slot, i) => {
    const judged = samples[i]!.map((index) => verdict(store.samples[index]!, store.predictionOf(slot, index)));
    const known = judged.filter((right) => right !== null);
    return known.length ? known.filter(Boolean).length : NaN;
  });
  return counts.every(Number.isNaN) ? null : countLane("samples right", counts, String);
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
