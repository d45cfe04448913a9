/**
 * Builds three scripts: the card, as HubSpot's own tooling does (React and remote-ui come from the worker's globals), and
 * the worker and the page in which the simulated HubSpot runs it.
 */

import { build } from "vite";

/** One script of its own, without imports: what a classic worker can load. */
function script(entry, name, folder, rollupOptions = {}) {
  return build({
    configFile: false,
    logLevel: "warn",
    define: { "process.env.NODE_ENV": JSON.stringify("production") },
    esbuild: { jsx: "automatic" },
    build: {
      outDir: `built/${folder}`,
      emptyOutDir: false,
      target: "es2022",
      lib: { entry, name, formats: ["iife"], fileName: () => `${name}.js` },
      rollupOptions,
    },
  });
}

await script("src/app/cards/ChertCard.tsx", "card", "card", {
  external: ["react", "@remote-ui/react"],
  output: { globals: { react: "React", "@remote-ui/react": "RemoteUI" }, extend: true },
});
await script("host/worker.ts", "worker", "host");
await script("host/page.tsx", "page", "host");
