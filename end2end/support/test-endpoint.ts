// The program's own model endpoint, one per worker: OpenAI's shape, small answers, faults on request.
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { root } from "./server";

const program = process.env.ANNEAL_PROGRAM ?? join(root, "target/debug/anneal");

/** What goes wrong with a request, as `server/src/test_endpoint/script/fault.rs` names it: a word, or a word with its settings. */
export type Fault = string | Record<string, Record<string, unknown>>;

/** As `Script` in `server/src/test_endpoint/script/mod.rs`; what is left out is as if nothing goes wrong. */
export interface Script {
  seed?: number;
  queue?: { route?: string; faults?: Fault[] }[];
  rules?: {
    route?: string;
    model?: string;
    text?: string;
    nth?: { from?: number; until?: number; every?: number };
    probability?: number;
    times?: number;
    faults: Fault[];
  }[];
  limits?: { concurrency?: number; requests?: number; per_ms?: number };
  api_key?: string;
  models?: string[];
  fine_tuning?: Record<string, unknown>;
}

/** A request as the endpoint saw it. */
export interface RecordedRequest {
  number: number;
  method: string;
  path: string;
  route: string | null;
  model: string | null;
  headers: [string, string][];
  body: any;
  concurrent: number;
  faults: Fault[];
  status: number | null;
}

export class TestEndpoint {
  private process?: ChildProcess;
  /** With `/v1`. */
  baseURL = "";

  /** Starts the program and waits until it says where it listens. */
  async start(): Promise<void> {
    const child = spawn(program, ["test-endpoint", "--port", "0"], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });
    this.process = child;
    let said = "";
    child.stderr?.on("data", (chunk) => (said += chunk));
    this.baseURL = await new Promise<string>((found, failed) => {
      child.stdout?.on("data", (chunk) => {
        const address = /http:\/\/[\d.:]+\/v1/.exec((said += chunk));
        if (address) found(address[0]);
      });
      child.on("exit", (code) => failed(new Error(`the test endpoint ended with ${code}: ${said}`)));
    });
  }

  async stop(): Promise<void> {
    const child = this.process;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.kill("SIGTERM");
    await ended;
  }

  /** Follows this script from the next request on. */
  async script(script: Script): Promise<void> {
    const answer = await fetch(this.control("_script"), { method: "POST", body: JSON.stringify(script) });
    if (!answer.ok) throw new Error(await answer.text());
  }

  /** Forgets everything, the script too. */
  async reset(): Promise<void> {
    await this.script({});
    await fetch(this.control("_reset"), { method: "POST" });
  }

  /** What was asked so far, and how much at a time. */
  async requests(): Promise<{ requests: RecordedRequest[]; highest_concurrency: number; under_way: number }> {
    return (await fetch(this.control("_requests"))).json();
  }

  control(name: string): string {
    return this.baseURL.replace(/v1$/, name);
  }
}
