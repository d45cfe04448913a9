/** Builds the card as HubSpot's own tooling does: one script, React and remote-ui taken from the worker's globals. */

import { defineConfig } from "vite";

export default defineConfig({
  logLevel: "warn",
  define: { "process.env.NODE_ENV": JSON.stringify("production") },
  build: {
    outDir: "built/card",
    emptyOutDir: true,
    target: "esnext",
    lib: { entry: "src/app/cards/ChertCard.tsx", name: "ChertCard", formats: ["iife"], fileName: () => "card.js" },
    rollupOptions: {
      external: ["react", "@remote-ui/react"],
      output: { globals: { react: "React", "@remote-ui/react": "RemoteUI" }, extend: true },
    },
  },
});
