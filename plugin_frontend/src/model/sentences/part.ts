/** Sentences in parts, so that the numbers can stand out. They are plain text: nothing in them is ever markup. */

export interface Part {
  text: string;
  look?: "strong" | "chosen" | "quiet";
}

export const plain = (text: string): Part => ({ text });
export const strong = (text: string): Part => ({ text, look: "strong" });
export const chosen = (text: string): Part => ({ text, look: "chosen" });
export const quiet = (text: string): Part => ({ text, look: "quiet" });
