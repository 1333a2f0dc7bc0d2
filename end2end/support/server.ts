// A server of its own per test: the program, an empty data folder, a free port.
import { test as base, expect, type Page } from "@playwright/test";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(__dirname, "../..");
const program = process.env.ANNEAL_PROGRAM ?? join(root, "target/debug/anneal");

export class Server {
  private process?: ChildProcess;
  url = "";

  /** Further variables for the next start. */
  variables: Record<string, string> = {};

  constructor(readonly dataDir: string) {}

  /** Starts the program and waits until it says where it listens. */
  async start(): Promise<void> {
    const environment = { ...process.env, ...this.variables, ANNEAL_DATA_DIR: this.dataDir, ANNEAL_SITE_DIR: join(root, "target/site") };
    // A restarted server must be found where the page left it.
    const port = this.url ? new URL(this.url).port : "0";
    const child = spawn(program, ["serve", "--port", port], { env: environment, cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    let said = "";
    child.stderr?.on("data", (chunk) => (said += chunk));
    this.url = await new Promise<string>((found, failed) => {
      child.stdout?.on("data", (chunk) => {
        const address = /http:\/\/[\d.:]+/.exec((said += chunk));
        if (address) found(address[0]);
      });
      child.on("exit", (code) => failed(new Error(`the server ended with ${code}: ${said}`)));
    });
  }

  /** Ends it: by its own graceful stop, or as `kill -9` would. */
  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill(signal);
    await ended;
  }
}

/** Console lines that mean something is broken: every error, and Leptos's warnings about hydration. */
function watchConsole(page: Page): string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    const isExpected = page.url().includes("expect-errors");
    if (!isExpected && (message.type() === "error" || /hydrat|panicked/i.test(message.text()))) complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  return complaints;
}

interface Fixtures {
  server: Server;
  /** Console complaints so far; a test that provokes some (a failing request) empties it. */
  complaints: string[];
}

export const test = base.extend<Fixtures>({
  server: async ({}, use) => {
    const dataDir = mkdtempSync(join(tmpdir(), "anneal-end2end-"));
    const server = new Server(dataDir);
    await server.start();
    await use(server);
    await server.stop();
    rmSync(dataDir, { recursive: true, force: true });
  },
  complaints: [
    // (With the server, so that it is asked before the server is stopped: that a stopped one is missing is no complaint.)
    async ({ page, server: _server }, use) => {
      const complaints = watchConsole(page);
      await use(complaints);
      expect(complaints, "console errors or hydration warnings").toEqual([]);
    },
    { auto: true },
  ],
});

/** Waits until the WASM has taken over the page. */
export async function hydrated(page: Page): Promise<void> {
  await page.waitForFunction(() => document.documentElement.dataset.hydrated === "true");
}

export { expect };
