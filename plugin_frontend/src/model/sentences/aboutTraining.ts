/** How far training is. */
import type { Status } from "../../api/wire";
import { shortStepName, type Slot } from "../timeline";

/** How much of the running epoch is done, as "63 %"; "" where that is not known, as of a writer that has no epochs; null while nothing trains. */
export function runningText(status: Status | null): string | null {
  if (status?.state !== "running") return null;
  return status.fraction == null ? "" : `${Math.round(100 * status.fraction)} %`;
}

/** "● training: epoch 8 of 20, 63 %". Without epochs, the newest step is all that is known. */
export function trainingText(status: Status | null, slots: Slot[]): string {
  if (!status) return "";
  const newest = slots.findLast(({ record }) => record !== null);
  const epoch = status.epoch == null || status.epochs == null ? null : `epoch ${status.epoch + 1} of ${status.epochs}`;
  if (status.state === "running") {
    const done = runningText(status);
    if (epoch) return `● training: ${epoch}${done ? `, ${done}` : ""}`;
    return newest ? `● training; newest: ${shortStepName(newest)}` : "● training";
  }
  if (status.state === "stopped")
    return epoch ? `stopped in ${epoch}` : `stopped${newest ? ` after ${shortStepName(newest)}` : ""}`;
  const restored = slots.find(({ step }) => status.restored != null && step === status.restored);
  return `training finished${restored ? `, weights restored from ${shortStepName(restored)}` : ""}`;
}
