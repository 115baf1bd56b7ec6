import { readFileSync } from "node:fs";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

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

/** Views that are fetched when they are opened; all else that more than one file needs is in the tab's own. */
const RARER_VIEWS = /src\/views\/(confusion|samples|epochs|compare|runs)\//;

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
          groups: [{ name: "tab", test: (id) => !RARER_VIEWS.test(id) && !id.endsWith("src/index.ts") }],
        },
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith(".css")) ? "index.css" : "[name][extname]",
      },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
