/** Where the slots of the timeline lie: all equally wide, because steps are an order, not a measure of time. */

/** Narrower marks of steps cannot be told apart, in CSS pixels. */
const NARROWEST_MARK = 3;

const NARROWEST_FRAME = 24;

/** Few steps need not fill the whole width. */
const WIDEST = 120;

export class TimelineGeometry {
  readonly slotWidth: number;

  /** `slots`: logged steps; `running`: one more, for the epoch that is under way. `width` in CSS pixels. */
  constructor(
    readonly slots: number,
    readonly running: boolean,
    readonly width: number,
  ) {
    this.slotWidth = Math.min(WIDEST, width / Math.max(1, slots + (running ? 1 : 0)));
  }

  /** Under 4 pixels a slot dots would be a bar of ink. */
  get hasDots(): boolean {
    return this.slotWidth >= 4;
  }

  /** The film has a frame for every how many slots: narrower ones could not be read. */
  get filmEvery(): number {
    return this.every(NARROWEST_FRAME);
  }

  /** How many slots share a mark of a row that has one for each: 1 unless they are very narrow. */
  get perMark(): number {
    return Math.max(1, Math.ceil(NARROWEST_MARK / this.slotWidth));
  }

  center(slot: number): number {
    return (slot + 0.5) * this.slotWidth;
  }

  /** Where what is missing in front of a slot is marked: between it and the one before, within the track. */
  gapAt(slot: number): number {
    return Math.max(5, Math.min(this.width - 5, slot * this.slotWidth));
  }

  slotAt(x: number): number {
    return Math.max(0, Math.min(this.slots - 1, Math.floor(x / this.slotWidth)));
  }

  /** Every how many slots a label of `room` pixels fits: 1, 2, 5, 10, 20, 50, ... */
  every(room: number): number {
    let every = 1;
    for (let i = 0; every * this.slotWidth < room; i++) every = [1, 2, 5][i % 3]! * 10 ** Math.floor(i / 3);
    return every;
  }
}
