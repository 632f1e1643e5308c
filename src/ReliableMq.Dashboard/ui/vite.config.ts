import react from "@vitejs/plugin-react";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

// Where a development server finds the API: npm run dev with RELIABLEMQ_DASHBOARD=http://localhost:5000/reliable-mq
const api = process.env["RELIABLEMQ_DASHBOARD"] ?? "http://localhost:5000/reliable-mq";

// Tests run in a zone that is not UTC, so that confusing the two is seen.
if (process.env["VITEST"]) process.env["TZ"] = "America/New_York";

// The server says where the page is mapped; the development server has it at the root.
const rootForDevelopment = (): Plugin => ({
  name: "root-for-development",
  apply: "serve",
  transformIndexHtml: (html) => html.replace("<head>", '<head>\n  <base href="/">'),
});

export default defineConfig({
  base: "./",
  plugins: [react(), rootForDevelopment()],
  build: {
    target: "es2023",
    manifest: "manifest.json",
    // Of all that is in the page; it goes with the page and with the package.
    license: { fileName: "licenses.md" },
    // Data addresses are not of this origin, so the page's policy would refuse them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/api": { target: new URL(api).origin, rewrite: (path) => new URL(api).pathname + path } },
  },
  test: { include: ["src/**/*.test.ts"], environment: "node" },
});
