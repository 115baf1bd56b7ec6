/** The shown numbers as `.npz`: a table's columns, and arrays in their own shape where the view has such. */
import type { Table } from "../model/csv";
import { npyFile, npyTexts } from "../api/npyFile";
import { zipFile } from "./zip";

/** Numbers as float64, NaN for what is missing among them; else texts. */
function column(cells: (string | number | null)[]): Uint8Array<ArrayBuffer> {
  if (cells.every((cell) => typeof cell === "number" || cell === null || cell === "")) {
    return npyFile(
      [cells.length],
      Float64Array.from(cells, (cell) => (typeof cell === "number" ? cell : NaN)),
    );
  }
  return npyTexts(cells.map((cell) => String(cell ?? "")));
}

/** `caption`: where the numbers are from, kept with them. */
export async function npzFile({ head, rows, arrays = {} }: Table, caption: string[]): Promise<Blob> {
  const files = head.map((name, place): [string, Uint8Array<ArrayBuffer>] => [
    `${name.replace(/[^\p{L}\p{N}_]+/gu, "_")}.npy`,
    column(rows.map((row) => row[place] ?? null)),
  ]);
  for (const [name, { shape, data }] of Object.entries(arrays)) files.push([`${name}.npy`, npyFile(shape, data)]);
  return zipFile([...new Map([...files, ["caption.npy", npyTexts(caption)] as const])]);
}
