import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// Where a development server finds the API: npm run dev with RELIABLEMQ_DASHBOARD=http://localhost:5000/reliable-mq
const api = process.env["RELIABLEMQ_DASHBOARD"] ?? "http://localhost:5000/reliable-mq";

export default defineConfig({
  base: "./",
  plugins: [react()],
  build: {
    target: "es2024",
    manifest: "manifest.json",
    // Data addresses are not of this origin, so the page's policy would refuse them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": { target: new URL(api).origin, rewrite: (path) => new URL(api).pathname + path } },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
