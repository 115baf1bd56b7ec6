/** In which order the classes stand along the matrix, and which of them are folded into one. */
import { sumsOf, type Confusion } from "./confusion";

/** A hierarchy of classes; `children` are classes, by index, and smaller groups. */
export interface ClassGroup {
  name: string;
  children: (number | ClassGroup)[];
}

export type ClassOrder = "given" | "support" | "recall" | "similarity" | "groups";

/** A row and column of what is drawn: a class, or several that are folded. */
export interface Bin {
  name: string;
  classes: number[];
  /** Where the group stands in the hierarchy, as "0/2"; null for a single class. */
  group: string | null;
}

/** A group of the hierarchy in the order in which they are listed, with its depth from 0. */
export interface ListedGroup {
  path: string;
  name: string;
  depth: number;
  classes: number[];
}

export function listGroups(groups: ClassGroup[], above = "", depth = 0): ListedGroup[] {
  return groups.flatMap((group, i) => {
    const path = above ? `${above}/${i}` : String(i);
    const inner = group.children.filter((child) => typeof child !== "number");
    const own = { path, name: group.name, depth, classes: classesOf(group) };
    return [own, ...listGroups(inner, path, depth + 1)];
  });
}

export function classesOf(group: ClassGroup): number[] {
  return group.children.flatMap((child) => (typeof child === "number" ? [child] : classesOf(child)));
}

/**
 * The classes in an order that is none of groups. `similarity`: as the server computed it; null while it is not there, and
 * the classes stay as given.
 */
export function orderedClasses(matrix: Confusion, order: ClassOrder, similarity: ArrayLike<number> | null): number[] {
  const all = Array.from({ length: matrix.classes }, (_, i) => i);
  const { rows } = sumsOf(matrix);
  if (order === "support") return all.sort((a, b) => rows[b]! - rows[a]! || a - b);
  if (order === "recall") {
    // Classes without examples have no recall: last.
    const recall = all.map((i) => (rows[i]! > 0 ? matrix.counts[i * matrix.classes + i]! / rows[i]! : Infinity));
    return all.sort((a, b) => recall[a]! - recall[b]! || a - b);
  }
  if (order === "similarity" && similarity?.length === matrix.classes) return Array.from(similarity);
  return all;
}

/** One bin for each class. */
export function singleBins(classes: number[], name: (index: number) => string): Bin[] {
  return classes.map((index) => ({ name: name(index), classes: [index], group: null }));
}

/** The classes group after group, those in `folded` (paths) as one bin each; classes that are in no group come last. */
export function groupedBins(
  groups: ClassGroup[],
  folded: ReadonlySet<string>,
  classes: number,
  name: (index: number) => string,
): Bin[] {
  const seen = new Set<number>();
  const walk = (children: (number | ClassGroup)[], above: string): Bin[] => {
    let groups = 0;
    return children.flatMap((child) => {
      if (typeof child === "number") {
        if (seen.has(child) || child >= classes) return [];
        seen.add(child);
        return singleBins([child], name);
      }
      const path = above ? `${above}/${groups++}` : String(groups++);
      if (!folded.has(path)) return walk(child.children, path);
      const inner = classesOf(child).filter((index) => !seen.has(index) && index < classes);
      inner.forEach((index) => seen.add(index));
      return inner.length ? [{ name: child.name, classes: inner, group: path }] : [];
    });
  };
  const bins = walk(groups, "");
  const rest = Array.from({ length: classes }, (_, i) => i).filter((index) => !seen.has(index));
  return [...bins, ...singleBins(rest, name)];
}

/** Where a top-level group ends, for the lines between them: indices among the bins. Folded ones need no line between them. */
export function groupEnds(bins: Bin[], groups: ClassGroup[]): number[] {
  const of = new Map<number, number>();
  groups.forEach((group, i) => classesOf(group).forEach((index) => of.set(index, i)));
  return bins.flatMap((bin, index) => {
    const next = bins[index + 1];
    if (!next || (bin.group !== null && next.group !== null)) return [];
    return of.get(bin.classes[0]!) !== of.get(next.classes[0]!) ? [index + 1] : [];
  });
}

/** The counts of bins. With one bin for each class, the same matrix in another order. */
export function binned(matrix: Confusion, bins: Bin[]): Confusion {
  const { classes, counts, weighted } = matrix;
  if (bins.length === classes && bins.every((bin, i) => bin.classes.length === 1 && bin.classes[0] === i))
    return matrix;
  const size = bins.length;
  const sums = new Float64Array(size * size);
  const binOf = binsOfClasses(bins, classes);
  for (let truth = 0; truth < classes; truth++) {
    const to = binOf[truth]!;
    if (to < 0) continue;
    for (let predicted = 0; predicted < classes; predicted++) {
      const count = counts[truth * classes + predicted]!;
      if (count !== 0 && binOf[predicted]! >= 0) sums[to * size + binOf[predicted]!]! += count;
    }
  }
  return { classes: size, counts: sums, weighted };
}

/** For each class, its bin; -1 where it is in none. */
export function binsOfClasses(bins: Bin[], classes: number): Int32Array {
  const binOf = new Int32Array(classes).fill(-1);
  bins.forEach((bin, i) => bin.classes.forEach((index) => (binOf[index] = i)));
  return binOf;
}
