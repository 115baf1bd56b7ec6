/** Tables as CSV (RFC 4180), and names of files for what leaves the tab. */

export interface Table {
  head: string[];
  rows: (string | number)[][];
  /** The same numbers in their own shape, for programs, by a name that no column has. */
  arrays?: Record<string, { shape: number[]; data: Float32Array | Float64Array }>;
}

/** Spreadsheets take a field that begins so for a formula, and words come from the log. */
const FORMULA = /^[=+\-@\t\r]/;

function field(value: string | number): string {
  if (typeof value === "number") return String(value);
  const text = FORMULA.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

export function toCsv({ head, rows }: Table): string {
  return [head, ...rows].map((row) => row.map(field).join(",")).join("\r\n") + "\r\n";
}

/** Letters, digits, dots, hyphens and underscores of each part, joined by hyphens; at most 120 characters. */
export function fileName(parts: (string | number | null)[], ending: string): string {
  const words = parts.flatMap((part) => (part === null ? [] : String(part).replace(/[^\p{L}\p{N}._-]+/gu, "_")));
  return `${words.filter(Boolean).join("-").slice(0, 120)}.${ending}`;
}
