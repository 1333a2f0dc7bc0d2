// Makes the files that the benches import: the project's own sample with the real airline spans among it, repeated with
// ids and last messages of their own, so that nothing is a duplicate that was none.
import { createWriteStream, existsSync, readFileSync } from "node:fs";
import { once } from "node:events";
import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync } from "node:zlib";

const spansFile = join(dirname(fileURLToPath(import.meta.url)), "../../shared/data/airline_spans.jsonl.gz");
// One span of some 21 KB to so many records of the sample: 1,000,000 records have some 2.6 GB.
const SAMPLE_TO_A_SPAN = 100;

// Lines that are no JSON (the sample has some, on purpose) stay as they are.
function recordOf(line) {
  try {
    return JSON.parse(line);
  } catch {
    return line;
  }
}
const linesOf = (text) => text.trim().split("\n").map(recordOf);

/** The airline spans; null where the data are not there. */
export function spans() {
  return existsSync(spansFile) ? linesOf(gunzipSync(readFileSync(spansFile)).toString()) : null;
}

/** The sample's records, as the program itself makes and exports them. */
export function sample(program, folder) {
  const run = (...args) => {
    const { status, stdout, stderr } = spawnSync(program, [...args, "--data-dir", folder], { maxBuffer: 1 << 28 });
    if (status !== 0 && status !== 100) throw new Error(`${args[0]} ended with ${status}: ${stderr}`);
    return stdout.toString();
  };
  const { dataset } = JSON.parse(run("demo", "--json"));
  return linesOf(run("export", dataset.id));
}

/** Writes `count` records: of spans alone, or of both kinds mixed. */
export async function writeRecords(path, count, spans, sample) {
  const file = createWriteStream(path);
  for (let n = 0; n < count; n++) {
    const isSpan = sample === null || n % SAMPLE_TO_A_SPAN === 0;
    const index = isSpan ? (sample === null ? n : n / SAMPLE_TO_A_SPAN) : n;
    const from = isSpan ? spans : sample;
    const record = structuredClone(from[index % from.length]);
    if (typeof record === "string") {
      if (!file.write(record + "\n")) await once(file, "drain");
      continue;
    }
    const round = Math.floor(index / from.length);
    if (round > 0) {
      if (record.span_id) record.span_id = `${record.span_id}-${round}`;
      const messages = record.data?.input?.messages;
      const lastUser = Array.isArray(messages) ? messages.findLast((message) => message?.role === "user") : undefined;
      if (typeof lastUser?.content === "string") lastUser.content = `${lastUser.content} (${round})`;
    }
    if (!file.write(JSON.stringify(record) + "\n")) await once(file, "drain");
  }
  file.end();
  await once(file, "finish");
}
