/** Colours of the kinds of heads (near Tol's "bright"), which differ for the colour-blind too; each is named beside its colour. */
export const KIND_COLORS = {
  light: {
    previous: "#08913c",
    first: "#38cafe",
    diagonal: "#6362a9",
    block: "#7e4c24",
    broad: "#adbdb9",
    content: "#d5b737",
    key: "#ab3275",
  },
  dark: {
    previous: "#62bf69",
    first: "#8fe2ff",
    diagonal: "#5e89ed",
    block: "#b6793b",
    broad: "#5a636a",
    content: "#e0d364",
    key: "#e86fb0",
  },
};

type ColoredKind = keyof (typeof KIND_COLORS)["light"];

const isColored = (kind: string): kind is ColoredKind => kind in KIND_COLORS.light;

/** Heads of no kind of their own have no colour: null. */
export function kindColor(kind: string | null, dark: boolean): string | null {
  // What measures alone call few keys is by content, or on one key: in both cases where content is.
  const named = kind === "few" ? "content" : kind;
  return named !== null && isColored(named) ? KIND_COLORS[dark ? "dark" : "light"][named] : null;
}
