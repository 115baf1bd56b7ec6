import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";

// The same app for a stand-alone page: a classic script, because browsers load no modules from the disk, with the fonts in the styles.
export default defineConfig({
  plugins: [svelte()],
  build: {
    outDir: "../tb_attention/plugin/static/page",
    emptyOutDir: true,
    target: "es2022",
    cssCodeSplit: false,
    modulePreload: false,
    assetsInlineLimit: Number.MAX_SAFE_INTEGER,
    rolldownOptions: {
      checks: { pluginTimings: false },
      input: "src/app/page.ts",
      // A classic script has no import.meta, and what asks for it is for the tab alone.
      transform: { define: { "import.meta": "{}" } },
      output: {
        format: "iife",
        codeSplitting: false,
        entryFileNames: "page.js",
        assetFileNames: "page[extname]",
      },
    },
  },
});
