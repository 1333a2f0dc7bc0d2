// Import rate and peak memory: the real airline spans repeated to N records (each repetition with span ids and a
// last user message of its own, so that nothing is a duplicate that was none), against a quarter of N.
import { spawn } from "node:child_process";
import { createWriteStream, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const [program, count] = [process.argv[2], Number(process.argv[3])];
const data = join(dirname(fileURLToPath(import.meta.url)), "../../shared/data/airline_spans.jsonl.gz");
if (!existsSync(data)) {
  console.log(`skipped: ${data} is missing`);
  process.exit(0);
}
const spans = gunzipSync(readFileSync(data)).toString().trim().split("\n").map((line) => JSON.parse(line));

async function writeFile(path, records) {
  const file = createWriteStream(path);
  for (let n = 0; n < records; n++) {
    const span = structuredClone(spans[n % spans.length]);
    const round = Math.floor(n / spans.length);
    span.span_id = `${span.span_id}-${round}`;
    const lastUser = span.data.input.messages.findLast((message) => message.role === "user");
    if (lastUser && round > 0) lastUser.content = `${lastUser.content} (${round})`;
    if (!file.write(JSON.stringify(span) + "\n")) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
}

// Highest resident memory the kernel saw, in MiB; null where there is no /proc.
function peakMemory(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
  } catch {
    return null;
  }
}

async function measure(folder, records) {
  const path = join(folder, `${records}.jsonl`);
  await writeFile(path, records);
  const started = performance.now();
  const child = spawn(program, ["import", path, "--name", `spans ${records}`, "--json", "--data-dir", join(folder, `data-${records}`)]);
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
  rmSync(join(folder, `data-${records}`), { recursive: true });
  return { records, seconds, megabytes, peak, valid: hygiene.valid };
}

const folder = mkdtempSync(join(tmpdir(), "anneal-bench-"));
try {
  const rows = [await measure(folder, Math.round(count / 4)), await measure(folder, count)];
  console.log("| records | MB | valid | seconds | records/s | MB/s | peak memory, MiB |\n|---|---|---|---|---|---|---|");
  for (const { records, megabytes, valid, seconds, peak } of rows) {
    console.log(`| ${records} | ${megabytes.toFixed(0)} | ${valid} | ${seconds.toFixed(1)} | ${(records / seconds).toFixed(0)} | ${(megabytes / seconds).toFixed(0)} | ${peak.toFixed(0)} |`);
  }
  const perRecord = rows.map((row) => row.seconds / row.records);
  console.log(`\ntime per record, whole against a quarter: ${(perRecord[1] / perRecord[0]).toFixed(2)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
