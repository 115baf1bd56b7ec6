/** The lane under the film: what the view gives, else what the model made of the chosen sample at each step. */
import type { StepLane } from "../../model/lane";
import { className, verdict } from "../../model/samples";
import type { Store } from "../../state/store.svelte";

export function laneOf(store: Store): StepLane | null {
  return store.lane?.() ?? predictionLane(store);
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
