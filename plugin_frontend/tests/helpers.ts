/** Small things of the wire, written by hand. */
import type { Axis, SeriesAnswer, Site, StepRecord } from "../src/api/wire";

export function site(changes: Partial<Site> = {}, axes?: Axis[]): Site {
  const all = axes ?? [
    { role: "heads", size: 2 },
    { role: "query", size: 3 },
    { role: "key", size: 3 },
  ];
  const shape = all.map((axis) => axis.size);
  return {
    path: "attention",
    kind: "self",
    note: null,
    axes: all,
    shape,
    encoding: "float32",
    overview: { shape, encoding: "sqrt8_row", offset: 0, bytes: 0 },
    ...changes,
  };
}

export function record(step: number | "init", changes: Partial<StepRecord> = {}): StepRecord {
  const epoch = step === "init" ? null : step;
  const batch = epoch === null ? 0 : (epoch + 1) * 10;
  const none = { samples: null, sample_count: 0, predictions: [] };
  return { sites: 0, step, epoch, batch, wall_time: 0, logs: {}, v: "1-1", ...none, ...changes };
}

export function series(steps: StepRecord[], changes: Partial<SeriesAnswer> = {}): SeriesAnswer {
  return {
    run: "run",
    tag: "attention",
    attempt: 1,
    attempts: [1],
    content: "attention",
    version: "1",
    steps,
    site_sets: [[site()]],
    measures: ["entropy", "largest"],
    damaged: [],
    status: null,
    ...changes,
  };
}

/** A `.npy` file of version 1, as numpy writes it. */
export function npy(descr: string, shape: number[], data: Uint8Array): Uint8Array<ArrayBuffer> {
  const tuple = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${tuple}), }`;
  const padded = text.padEnd(Math.ceil((text.length + 11) / 64) * 64 - 11) + "\n";
  const header = new Uint8Array(10 + padded.length);
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59, 1, 0, padded.length & 255, padded.length >> 8]);
  header.set(new TextEncoder().encode(padded), 10);
  const file = new Uint8Array(header.length + data.length);
  file.set(header);
  file.set(data, header.length);
  return file;
}

/** `sqrt8_row`, as docs/format.md describes it. */
export function sqrt8(rows: number[][]): Uint8Array {
  const columns = rows[0]?.length ?? 0;
  const bytes = new Uint8Array(rows.length * (4 + columns));
  const view = new DataView(bytes.buffer);
  rows.forEach((row, r) => {
    const maximum = Math.max(...row);
    view.setFloat32(4 * r, row.some(Number.isNaN) ? NaN : maximum, true);
    row.forEach((weight, c) => {
      bytes[4 * rows.length + r * columns + c] = Math.round(255 * Math.sqrt(weight / maximum));
    });
  });
  return bytes;
}
