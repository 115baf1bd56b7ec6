import { readFileSync } from "node:fs";
import type { Plugin } from "vite";
import { defineConfig } from "vite";

const fontLicense: Plugin = {
  name: "font-license",
  generateBundle() {
    const source = readFileSync("node_modules/@expo-google-fonts/roboto/LICENSE_FONT");
    this.emitFile({ type: "asset", fileName: "roboto-license.txt", source });
  },
};

// What makes files of a view is seldom asked for, so it is fetched when it is; what writes PDF, with its fonts larger than the tab
// itself, only then. A build of its own, because code that it shared with the tab would be a file that the tab has to wait for.
export default defineConfig({
  plugins: [fontLicense],
  base: "./",
  build: {
    outDir: "../tb_attention/plugin/static/save",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    license: { fileName: "licenses.md" },
    assetsInlineLimit: 0,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: "src/export/save.ts",
      preserveEntrySignatures: "strict",
      // jsPDF asks for these only to draw HTML and SVG, which it does not do here.
      external: ["html2canvas", "dompurify", "canvg"],
      output: { entryFileNames: "save.js", chunkFileNames: "[name].js", assetFileNames: "[name][extname]" },
    },
  },
});
