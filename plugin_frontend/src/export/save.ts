/** What makes files of a view: a separate script (vite.save.config.ts), fetched when something is first saved. */
import type { Repaint } from "../draw/surface";
import { STANDALONE } from "../host/standalone";
import { figure } from "./figure";
import { pngFile } from "./pngFile";
import { svgFile } from "./svgFile";

export { npzFile, toCsv } from "./tables";

export type PictureKind = "PNG" | "SVG" | "PDF";

export interface Picture {
  /** Parts of the page, one below the other. */
  parts: Element[];
  caption: string;
  /** Of the page and of its text, as CSS writes them. */
  colors: { page: string; text: string };
  repaints: WeakMap<HTMLCanvasElement, Repaint>;
}

export async function pictureFile(
  kind: PictureKind,
  { parts, caption, colors, repaints }: Picture,
): Promise<Blob | null> {
  const scene = figure(parts, [caption], colors, repaints);
  if (kind === "SVG") return svgFile(scene, caption);
  // A stand-alone page can load nothing more, and so makes no PDF.
  if (kind === "PDF" && !STANDALONE) return (await import("./pdfFile")).pdfFile(scene, caption);
  return pngFile(scene);
}
