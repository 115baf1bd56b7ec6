/** The kinds of pictures that leave the tab. */
import { STANDALONE } from "../host/standalone";
import { pngFile } from "./png_file";
import type { Scene } from "./scene/scene";
import { svgFile } from "./svg_file";

/** A page of its own can load nothing more, and so makes no PDF. */
export const PICTURES = STANDALONE ? (["PNG", "SVG"] as const) : (["PNG", "SVG", "PDF"] as const);
/** Beside the tab's script (vite.pdf.config.ts). */
const PDF = "pdf/pdf.js";
export type PictureKind = "PNG" | "SVG" | "PDF";

export async function pictureFile(kind: PictureKind, scene: Scene, title: string): Promise<Blob | null> {
  if (kind === "SVG") return svgFile(scene, title);
  if (kind === "PDF" && !STANDALONE) {
    const place = new URL(PDF, import.meta.url).href;
    const { pdfFile } = (await import(/* @vite-ignore */ place)) as typeof import("./pdf_file");
    return pdfFile(scene, title);
  }
  return pngFile(scene);
}
