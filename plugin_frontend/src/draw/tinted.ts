/** How weights colour a part of a canvas. */
export interface Crop {
  x: number;
  y: number;
  width: number;
  height: number;
}

export interface Tint {
  /** One weight for each position; those that are left out of the axis get no tint. */
  values: Float32Array;
  /** "22,132,240" */
  rgb: string;
  /** The weight of the full tint. */
  full: number;
  /** Of the full tint; 0.9 where it is left out. */
  opacity?: number;
  /** Of nodes of a graph: the node whose row it is, from which edges are tinted too; null for none. */
  from?: number | null;
}
