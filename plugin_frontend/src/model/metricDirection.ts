/** Which way a metric is better, guessed by its name: for logs that do not say it. */
const HIGHER = /acc|auc|precision|recall|f1|f_score|iou|bleu|rouge|top_k|r2|cosine/i;

/** As Keras guesses for `mode="auto"`: what is called accuracy or the like should be high, everything else low. */
export function higherIsBetter(monitor: string): boolean {
  return HIGHER.test(monitor) && !/loss|error/i.test(monitor);
}
