/** What a view of maps says where it has none to show: only what the log holds is named, and nothing is said that nobody checked. */
import type { Content } from "../../api/wire";

export interface Logged {
  /** What the series holds whose maps were asked for; null for a run with matrices alone. */
  content: Content | null;
  /** Whether only the event files of the run are here. */
  onlyEvents: boolean;
  samples: number;
  predictions: boolean;
  metrics: boolean;
}

export interface NoMaps {
  title: string;
  text: string;
  /** Whether the Confusion view has what the log holds. */
  hasMatrices: boolean;
}

export function noMaps(logged: Logged): NoMaps {
  const rest = stillHere(logged);
  const say = (title: string, text: string, hasMatrices = false): NoMaps => ({
    title,
    text: [text, rest].filter(Boolean).join(" "),
    hasMatrices,
  });
  if (logged.content === null)
    return say(
      "This run has confusion matrices and no maps",
      "AttentionCallback and AttentionWriter log maps; neither has logged any into this run.",
      true,
    );
  if (logged.content === "confusion")
    return say("No maps of examples are kept at this step", "The matrices of this step are in Confusion.", true);
  if (logged.onlyEvents)
    return say(
      "The maps of this step are not in the event files",
      "The whole step is in the folder plugins/attention next to them: copy it into the run's directory to see its maps.",
    );
  return say("No maps were logged at this step", "");
}

function stillHere({ samples, predictions, metrics }: Logged): string {
  const parts = [];
  if (samples)
    parts.push(`${samples} ${samples === 1 ? "sample" : "samples"}${predictions ? " with predictions" : ""}`);
  if (metrics) parts.push("the metrics on the timeline");
  return parts.length ? `Still here: ${parts.join(" and ")}.` : "";
}
