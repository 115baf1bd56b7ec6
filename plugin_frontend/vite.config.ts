import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

// One ES module with an export named render is what TensorBoard imports. Library mode would do too, but leaves white space in.
export default defineConfig({
  plugins: [svelte()],
  base: "./",
  build: {
    outDir: "../tb_attention/plugin/static",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: 0,
    rolldownOptions: {
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
