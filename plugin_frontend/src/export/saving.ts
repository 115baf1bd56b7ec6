/** Fetches what makes files of a view; a stand-alone page has it inside. */
import { STANDALONE } from "../host/standalone";
import type { Table } from "../model/table";

type Save = typeof import("./save");

/** From the folder of the scripts of the tab. */
const PLACE = "../save/save.js";

export const PICTURES = STANDALONE ? (["PNG", "SVG"] as const) : (["PNG", "SVG", "PDF"] as const);

export function saving(): Promise<Save> {
  // Spelled out, so that the tab's build drops the import.
  if (import.meta.env.MODE === "page") return import("./save");
  return import(/* @vite-ignore */ new URL(PLACE, import.meta.url).href) as Promise<Save>;
}

export async function csvFile(table: Table): Promise<Blob> {
  return new Blob([(await saving()).toCsv(table)], { type: "text/csv" });
}
