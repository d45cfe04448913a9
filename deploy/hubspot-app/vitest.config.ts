/** The card's tests, on HubSpot's own renderer. */

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { environment: "node", include: ["tests/**/*.test.{ts,tsx}"], testTimeout: 20_000 },
});
