/** Which rows of a long list are in sight: only these are in the document. All rows are equally high. */

export class RowsInSight {
  scroller = $state<HTMLElement>();
  top = $state(0);
  height = $state(0);
  readonly from = $derived.by(() => Math.max(0, Math.min(this.count(), Math.floor(this.top / this.row)) - this.around));
  /** Behind the last. */
  readonly to = $derived.by(() => Math.min(this.count(), Math.ceil((this.top + this.height) / this.row) + this.around));
  /** Pixels above the first one and below the last. */
  readonly before = $derived.by(() => this.from * this.row);
  readonly after = $derived.by(() => (this.count() - this.to) * this.row);

  /** `row`: the height of one in CSS pixels; `around`: so many more are drawn on both sides. */
  constructor(
    readonly row: number,
    readonly count: () => number,
    readonly around: number,
  ) {}

  readonly onscroll = ({ currentTarget }: Event & { currentTarget: HTMLElement }): void => {
    this.top = currentTarget.scrollTop;
  };

  toTop(): void {
    if (this.scroller) this.scroller.scrollTop = this.top = 0;
  }

  /** Scrolls as little as shows a row; `above`: what lies over the first one, such as a heading that stays. */
  show(index: number, above = 0): void {
    if (!this.scroller) return;
    const at = index * this.row;
    if (at < this.scroller.scrollTop) this.scroller.scrollTop = at;
    else if (at + this.row + above > this.scroller.scrollTop + this.height)
      this.scroller.scrollTop = at + this.row + above - this.height;
    this.top = this.scroller.scrollTop;
  }
}
