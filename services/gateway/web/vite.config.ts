import { defineConfig } from "vitest/config";

const GATEWAY = process.env.GATEWAY_URL ?? "http://127.0.0.1:8000";

export default defineConfig({
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    // The policy of the page allows no data: address, and every browser we target preloads modules by itself.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    proxy: { "/v1": { target: GATEWAY, ws: true }, "/health": GATEWAY, "/docs": GATEWAY, "/openapi.json": GATEWAY },
  },
  test: { include: ["src/**/*.test.ts"] },
});
