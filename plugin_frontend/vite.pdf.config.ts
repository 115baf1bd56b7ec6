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

// What writes PDF, with its fonts: larger than the tab itself and seldom asked for, so it is fetched when it is. A build of its own,
// because code that two files of one build share would be a third that the tab has to wait for.
export default defineConfig({
  plugins: [fontLicense],
  base: "./",
  build: {
    outDir: "../tb_attention/plugin/static/pdf",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: false,
    license: { fileName: "licenses.md" },
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: "src/export/pdf_file.ts",
      preserveEntrySignatures: "strict",
      // jsPDF asks for these only to draw HTML and SVG, which it does not do here.
      external: ["html2canvas", "dompurify", "canvg"],
      output: { codeSplitting: false, entryFileNames: "pdf.js", assetFileNames: "[name][extname]" },
    },
  },
});
