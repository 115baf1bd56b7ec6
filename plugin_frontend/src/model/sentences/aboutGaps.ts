/** Why the timeline has no step where one would be. */

export interface Numbering {
  /** Whether steps are epochs. */
  byEpoch: boolean;
  /** What removed steps had to make room for, in words; null where none was removed. */
  bound: string | null;
}

/** Of the steps from `first` to `last`. */
export function absenceText({ byEpoch, bound }: Numbering, first: number, last: number): string {
  const many = first !== last;
  const epochs = many ? `Epochs ${first + 1} to ${last + 1}` : `Epoch ${first + 1}`;
  if (bound !== null) {
    const which = byEpoch ? `${epochs} ${many ? "were" : "was"}` : `Steps between ${first - 1} and ${last + 1} were`;
    return `${which} removed to keep the log below ${bound}.`;
  }
  if (byEpoch) return `${epochs} ${many ? "were" : "was"} not logged.`;
  return `No step between ${first - 1} and ${last + 1} was logged.`;
}

/** Of steps that could not be written, at least one. */
export function failureText({ byEpoch }: Numbering, dropped: { step: number; reason: string }[]): string {
  const [first] = dropped;
  if (!first) return "";
  const which = byEpoch ? `Epoch ${first.step + 1}` : `Step ${first.step}`;
  const more = dropped.length > 1 ? ` and ${dropped.length - 1} more` : "";
  return `${which}${more} could not be written: ${first.reason}`;
}

/** "2 GB": the bytes that the log may take. */
export function boundText(bytes: number): string {
  if (!(bytes > 0)) return "its bound";
  const [unit, name] = bytes >= 1e9 ? [1e9, "GB"] : [1e6, "MB"];
  return `${Number((bytes / unit).toPrecision(2))} ${name}`;
}
