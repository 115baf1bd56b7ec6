/** How the kinds of heads are called, and what each means. */
import type { HeadKind, MeasuredKind } from "../headKinds";

const NAMES: Record<HeadKind | MeasuredKind, string> = {
  previous: "previous token",
  first: "first token",
  diagonal: "diagonal",
  block: "block",
  broad: "broad",
  content: "by content",
  key: "one key",
  few: "few keys",
  mixed: "mixed",
};

const MEANINGS: Record<HeadKind | MeasuredKind, string> = {
  previous: "most of its attention goes to the position before the query",
  first: "most of its attention goes to the first position",
  diagonal: "its attention stays on the query and the positions near it",
  block: "it attends inside segments and hardly across their boundary",
  broad: "it attends to most positions alike",
  content: "it attends to few keys, which are neither the same for all queries nor at the same distance",
  key: "most of its attention goes to one key, whatever the query; it is not the first",
  few: "it attends to few keys: by content, or the same ones with all queries",
  mixed: "none of the kinds, or not decided by what is measured",
};

export function kindName(kind: HeadKind | MeasuredKind): string {
  return NAMES[kind];
}

export function kindMeaning(kind: HeadKind | MeasuredKind): string {
  return `${NAMES[kind]}: ${MEANINGS[kind]}`;
}
