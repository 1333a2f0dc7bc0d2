// Import rate and peak memory.
//   node benches/import.mjs PROGRAM COUNT spans|mixed [BARE_WRITE] [KEEP]
// Imports a tenth of COUNT records and COUNT of them, each by a process of its own, and compares the time per record.
// With BARE_WRITE (the program of benches/bare_write.rs) the tenth's import is also compared with writing the same rows
// into the same schema and nothing else. With KEEP the larger database stays in that folder, for benches/lists.mjs.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sample, spans, writeRecords } from "./mixed.mjs";

const [program, count, kind, bareWrite, keep] = [process.argv[2], Number(process.argv[3]), ...process.argv.slice(4)];
const airline = spans();
if (airline === null) {
  console.log("skipped: the airline spans are missing");
  process.exit(0);
}

// Highest resident memory the kernel saw, in MiB; null where there is no /proc.
function peakMemory(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
  } catch {
    return null;
  }
}

async function measure(folder, records, generated, dataDir) {
  const path = join(folder, `${records}.jsonl`);
  await writeRecords(path, records, airline, generated);
  mkdirSync(dataDir, { recursive: true });
  const started = performance.now();
  const child = spawn(program, ["import", path, "--name", `${kind} ${records}`, "--json", "--data-dir", dataDir]);
  let peak = 0, output = "", errors = "";
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  const timer = setInterval(() => (peak = Math.max(peak, peakMemory(child.pid) ?? 0)), 50);
  const [code] = await once(child, "close");
  clearInterval(timer);
  if (code !== 0) throw new Error(`import ended with ${code}: ${errors}`);
  const seconds = (performance.now() - started) / 1000;
  const megabytes = statSync(path).size / 1e6;
  const { hygiene } = JSON.parse(output);
  rmSync(path);
  return { records, seconds, megabytes, peak, valid: hygiene.valid };
}

// The same rows by a prepared statement in one transaction: what no import can beat.
function writeBare(dataDir, folder) {
  const { status, stdout, stderr } = spawnSync(bareWrite, [join(dataDir, "anneal.sqlite"), join(folder, "bare.sqlite")]);
  if (status !== 0) throw new Error(`the bare write ended with ${status}: ${stderr}`);
  return Number(stdout.toString().trim());
}

const folder = mkdtempSync(join(tmpdir(), "anneal-bench-"));
try {
  const generated = kind === "mixed" ? sample(program, join(folder, "demo")) : null;
  const small = join(folder, "small");
  const rows = [await measure(folder, Math.round(count / 10), generated, small)];
  const bare = bareWrite ? writeBare(small, folder) : null;
  rmSync(small, { recursive: true });
  rmSync(join(folder, "bare.sqlite"), { force: true });
  rows.push(await measure(folder, count, generated, keep ?? join(folder, "large")));
  console.log("| records | MB | valid | seconds | records/s | MB/s | peak memory, MiB |\n|---|---|---|---|---|---|---|");
  for (const { records, megabytes, valid, seconds, peak } of rows) {
    console.log(`| ${records} | ${megabytes.toFixed(0)} | ${valid} | ${seconds.toFixed(1)} | ${(records / seconds).toFixed(0)} | ${(megabytes / seconds).toFixed(0)} | ${peak.toFixed(0)} |`);
  }
  const perRecord = rows.map((row) => row.seconds / row.records);
  console.log(`\ntime per record, whole against a tenth: ${(perRecord[1] / perRecord[0]).toFixed(2)}`);
  if (bare !== null) {
    console.log(`bare write of the tenth: ${bare.toFixed(1)} s; its import takes ${(rows[0].seconds / bare).toFixed(2)} times that`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
