import { defineConfig } from "@playwright/test";
import { existsSync } from "node:fs";

// Debian's browser where there is one, else the one Playwright downloaded.
const candidates = [process.env.ANNEAL_CHROMIUM, "/usr/bin/chromium"];
const executablePath = candidates.find((path) => path && existsSync(path));

export default defineConfig({
  testDir: "tests",
  // Each test starts its own server on its own data folder; more at once would starve two cores.
  workers: 2,
  fullyParallel: true,
  timeout: 120_000,
  expect: { timeout: 20_000 },
  retries: 0,
  forbidOnly: !!process.env.CI,
  reporter: [["list"]],
  use: {
    viewport: { width: 1440, height: 900 },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    launchOptions: {
      executablePath,
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
});
