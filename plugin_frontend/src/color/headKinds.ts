/** Colours of the kinds of heads (after Tol, "bright"); each is named beside its colour. */
const COLORS = {
  light: {
    previous: "#228833",
    first: "#66ccee",
    diagonal: "#4477aa",
    block: "#7f4a21",
    broad: "#b4bac0",
    content: "#ccbb44",
    key: "#aa3377",
  },
  dark: {
    previous: "#5dbb63",
    first: "#8ee3ff",
    diagonal: "#5a8fe6",
    block: "#d99a6c",
    broad: "#5c636a",
    content: "#e0d264",
    key: "#e86fb4",
  },
};

type ColoredKind = keyof (typeof COLORS)["light"];

const isColored = (kind: string): kind is ColoredKind => kind in COLORS.light;

/** Heads of no kind of their own have no colour: null. */
export function kindColor(kind: string | null, dark: boolean): string | null {
  // What measures alone call few keys is by content, or on one key: in both cases where content is.
  const named = kind === "few" ? "content" : kind;
  return named !== null && isColored(named) ? COLORS[dark ? "dark" : "light"][named] : null;
}
