/** What makes files of a view: a separate script (vite.save.config.ts), fetched when something is first saved. */
import { STANDALONE } from "../host/standalone";
import { figure, type Figure } from "./figure";
import { pngFile } from "./pngFile";
import { svgFile } from "./svgFile";

export { npzFile, toCsv } from "./tables";

export type PictureKind = "PNG" | "SVG" | "PDF";

export async function pictureFile(kind: PictureKind, shown: Figure): Promise<Blob | null> {
  const scene = figure(shown);
  if (kind === "SVG") return svgFile(scene, shown.title);
  // A stand-alone page can load nothing more, and so makes no PDF.
  if (kind === "PDF" && !STANDALONE) return (await import("./pdfFile")).pdfFile(scene, shown.title);
  return pngFile(scene);
}
