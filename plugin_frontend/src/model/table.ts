/** The numbers that a view shows, with a head: for its CSV and NPZ. */
export interface Table {
  head: string[];
  rows: (string | number)[][];
  /** The same numbers in their own shape, for programs, by a name that no column has. */
  arrays?: Record<string, { shape: number[]; data: Float32Array | Float64Array }>;
}
