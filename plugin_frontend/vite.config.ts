import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

interface ModuleGraph {
  getModuleInfo: (id: string) => { importedIds: string[] } | null;
}

const START = fileURLToPath(new URL("src/app/start.ts", import.meta.url));

/** The licence of the font asks to be shipped with it; those of the packages in the bundle are collected by Vite. */
const fontLicense: Plugin = {
  name: "font-license",
  generateBundle() {
    const source = readFileSync("node_modules/@fontsource/roboto/LICENSE");
    this.emitFile({ type: "asset", fileName: "roboto-license.txt", source });
  },
};

/** Vite's wrapper of `import()` does nothing here, and the entry, which imports nothing else, would wait for the file that has it. */
const noPreloadHelper: Plugin = {
  name: "no-preload-helper",
  generateBundle(_, bundle) {
    const entry = bundle["index.js"];
    if (entry?.type !== "chunk") return;
    entry.code = entry.code.replace(/^import\{\w+ as (\w+)\}from"[^"]+";/, "const $1=load=>load();");
    if (/^import\b/.test(entry.code)) this.error("The entry imports something before it asks for the tab.");
  },
};

/** The modules without which the tab cannot start. All others are fetched when they are opened, or once there is time. */
function neededAtStart(graph: ModuleGraph, id = START, needed = new Set<string>()): ReadonlySet<string> {
  needed.add(id);
  for (const imported of graph.getModuleInfo(id)?.importedIds ?? [])
    if (!needed.has(imported)) neededAtStart(graph, imported, needed);
  return needed;
}

let first: ReadonlySet<string> | undefined;

// One ES module with an export named render is what TensorBoard imports. Library mode would do too, but leaves white space in.
export default defineConfig({
  plugins: [svelte(), fontLicense, noPreloadHelper],
  base: "./",
  build: {
    outDir: "../tb_attention/plugin/static",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    license: { fileName: "licenses.md" },
    assetsInlineLimit: 0,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: "src/index.ts",
      preserveEntrySignatures: "strict",
      output: {
        entryFileNames: "index.js",
        chunkFileNames: "tab/[name]-[hash].js",
        codeSplitting: {
          groups: [
            { name: (id, graph) => ((first ??= neededAtStart(graph)).has(id) || id.startsWith("\0") ? "tab" : null) },
          ],
        },
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith(".css")) ? "index.css" : "[name][extname]",
      },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
