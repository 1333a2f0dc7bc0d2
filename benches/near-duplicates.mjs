// Looking for near-duplicates: time and peak memory of the look at N texts (each three of banking77's questions, one in ten
// a copy of an earlier one with one to four words replaced), against a quarter of N and against the import of the same; and how
// many of the copies that are at least 0.8 alike are found.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const [program, count] = [process.argv[2], Number(process.argv[3])];
const data = join(dirname(fileURLToPath(import.meta.url)), "../../shared/data/banking77_train.jsonl.gz");
if (!existsSync(data)) {
  console.log(`skipped: ${data} is missing`);
  process.exit(0);
}
const questions = gunzipSync(readFileSync(data)).toString().trim().split("\n").map((line) => JSON.parse(line).messages[0].content);

// The same texts every time (mulberry32).
let state = 77;
function random(bound) {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % bound;
}

function shingles(text) {
  const words = text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  return new Set(words.slice(2).map((_, at) => words.slice(at, at + 3).join(" ")));
}

function jaccard(left, right) {
  const [a, b] = [shingles(left), shingles(right)];
  const common = [...a].filter((shingle) => b.has(shingle)).length;
  return common / (a.size + b.size - common);
}

// The texts, and for each copy what it is a copy of and how alike the two are.
function texts(records) {
  state = 77;
  const [all, copies] = [[], new Map()];
  while (all.length < records) {
    if (all.length > 100 && random(10) === 0) {
      const of = random(all.length);
      const words = all[of].split(" ");
      for (let n = 1 + random(4); n > 0; n--) words[random(words.length)] = `word${all.length}x${n}`;
      copies.set(all.length, { of, alike: jaccard(all[of], words.join(" ")) });
      all.push(words.join(" "));
    } else {
      all.push([0, 0, 0].map(() => questions[random(questions.length)]).join(" "));
    }
  }
  return { all, copies };
}

// Highest resident memory the kernel saw, in MiB; null where there is no /proc.
function peakMemory(pid) {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
  } catch {
    return null;
  }
}

async function run(args) {
  const started = performance.now();
  const child = spawn(program, args);
  let [peak, output, errors] = [0, "", ""];
  child.stdout.on("data", (chunk) => (output += chunk));
  child.stderr.on("data", (chunk) => (errors += chunk));
  const timer = setInterval(() => (peak = Math.max(peak, peakMemory(child.pid) ?? 0)), 50);
  const [code] = await once(child, "close");
  clearInterval(timer);
  if (code !== 0) throw new Error(`${args[0]} ended with ${code}: ${errors}`);
  return { seconds: (performance.now() - started) / 1000, peak, output };
}

async function measure(folder, records) {
  const { all, copies } = texts(records);
  const [path, home] = [join(folder, `${records}.jsonl`), join(folder, `data-${records}`)];
  writeFileSync(path, all.map((text) => JSON.stringify({ messages: [{ role: "user", content: text }] })).join("\n"));
  const imported = await run(["import", path, "--name", "texts", "--json", "--data-dir", home]);
  const look = ["near-duplicates", "texts", "--json", "--data-dir", home];
  const first = await run(look);
  const again = await run(look);
  // Records have the numbers of their lines. Pairs that came by chance are found too, and counted by nobody.
  const cluster = new Map();
  for (const { id, records } of JSON.parse(first.output).clusters) records.forEach((record) => cluster.set(record.id - 1, id));
  const alike = [...copies].filter(([, { alike }]) => alike >= 0.8);
  const found = alike.filter(([copy, { of }]) => cluster.has(copy) && cluster.get(copy) === cluster.get(of)).length;
  rmSync(home, { recursive: true });
  return { records, imported, first, again, alike: alike.length, found };
}

const folder = mkdtempSync(join(tmpdir(), "anneal-bench-"));
try {
  const rows = [await measure(folder, Math.round(count / 4)), await measure(folder, count)];
  console.log("| texts | import, s | look, s | again, s | peak memory, MiB | pairs of 0.8 or more | found |\n|---|---|---|---|---|---|---|");
  for (const { records, imported, first, again, alike, found } of rows) {
    console.log(`| ${records} | ${imported.seconds.toFixed(1)} | ${first.seconds.toFixed(1)} | ${again.seconds.toFixed(1)} | ${first.peak.toFixed(0)} | ${alike} | ${((100 * found) / alike).toFixed(1)}% |`);
  }
  const perRecord = rows.map((row) => row.first.seconds / row.records);
  const whole = rows[1];
  console.log(`\nlook against import: ${(whole.first.seconds / whole.imported.seconds).toFixed(2)}; time per text, whole against a quarter: ${(perRecord[1] / perRecord[0]).toFixed(2)}`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
