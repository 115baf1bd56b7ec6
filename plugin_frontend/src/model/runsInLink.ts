/** How the address says in which order the list of runs is, and which of its groups are folded. */
import type { RunOrder } from "./arrangeRuns";

/** null for by name, "best", "=lr" for by a parameter, "@val_accuracy" for by a metric. */
export function runOrderText(order: RunOrder): string | null {
  if (typeof order === "object") return "metric" in order ? `@${order.metric}` : `=${order.parameter}`;
  return order === "name" ? null : order;
}

export function readRunOrder(text: string | null): RunOrder {
  if (text?.startsWith("=")) return { parameter: text.slice(1) };
  if (text?.startsWith("@")) return { metric: text.slice(1) };
  return text === "best" ? "best" : "name";
}

/** The group of the runs that are in no other. A name that is written the same way has another escape. */
const NO_GROUP = "%";

/** Names of groups may hold commas. */
export function foldedRunsText(folded: ReadonlySet<string | null>): string | null {
  return [...folded].map((name) => (name === null ? NO_GROUP : encodeURIComponent(name))).join(",") || null;
}

export function readFoldedRuns(text: string | null): ReadonlySet<string | null> {
  const parts = (text ?? "").split(",").filter(Boolean);
  return new Set(parts.flatMap((part) => (part === NO_GROUP ? [null] : decoded(part))));
}

function decoded(text: string): string[] {
  try {
    return [decodeURIComponent(text)];
  } catch {
    return [];
  }
}
