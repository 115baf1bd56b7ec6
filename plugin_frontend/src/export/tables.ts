/** The numbers that a view shows as `.csv` and `.npz`. */
import { csvFormatRow } from "d3-dsv";
import { zipSync } from "fflate";
import { npyFile, npyTexts } from "../api/npyFile";
import type { Table } from "../model/table";

/** Spreadsheets take a field that begins so for a formula, and words come from the log. */
const FORMULA = /^[=+\-@\t\r\n]/;

const harmless = (cell: string | number) =>
  typeof cell === "string" && FORMULA.test(cell) ? `'${cell}` : String(cell);

/** CSV as RFC 4180 has it: lines end in CR LF. */
export function toCsv({ head, rows }: Table): string {
  return [head, ...rows].map((row) => `${csvFormatRow(row.map(harmless))}\r\n`).join("");
}

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

/** The first day that a zip knows: the same numbers make the same file. */
const FIRST_DAY = new Date(1980, 0, 1);

/** A table's columns, and arrays in their own shape where the view has such. `caption`: where the numbers are from. */
export function npzFile({ head, rows, arrays = {} }: Table, caption: string[]): Blob {
  const files: Record<string, Uint8Array> = {};
  head.forEach((name, i) => {
    files[`${name.replace(/[^\p{L}\p{N}_]+/gu, "_")}.npy`] = column(rows.map((row) => row[i] ?? null));
  });
  for (const [name, { shape, data }] of Object.entries(arrays)) files[`${name}.npy`] = npyFile(shape, data);
  files["caption.npy"] = npyTexts(caption);
  return new Blob([zipSync(files, { mtime: FIRST_DAY })], { type: "application/zip" });
}
