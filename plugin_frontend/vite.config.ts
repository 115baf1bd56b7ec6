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

// One ES module with an export named render is what TensorBoard imports. Library mode would do too, but leaves white space in.
export default defineConfig({
  plugins: [svelte(), fontLicense],
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
        codeSplitting: false,
        entryFileNames: "index.js",
        assetFileNames: (asset) =>
          asset.names.some((name) => name.endsWith(".css")) ? "index.css" : "[name][extname]",
      },
    },
  },
  test: { include: ["tests/**/*.test.ts"], environment: "node" },
});
