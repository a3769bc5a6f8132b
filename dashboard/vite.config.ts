import path from "node:path";
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const page = (name: string) => path.resolve(import.meta.dirname, name);

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  // The gateway writes a nonce of each answer where this stands: see edge/http/dashboard.ts.
  html: { cspNonce: "__CSP_NONCE__" },
  build: {
    outDir: "dist",
    emptyOutDir: true,
    target: "es2022",
    // A data: URL would be one more source for the page's policy to allow.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 2_000,
    rolldownOptions: { input: [page("index.html"), page("graphiql.html")] },
  },
});
