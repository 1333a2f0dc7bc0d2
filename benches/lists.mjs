// How long the server takes for pages and lists of a large dataset.
//   node benches/lists.mjs PROGRAM DATA_DIR
// Median and worst of some requests each, after one that warms the caches, over HTTP on the loopback.
import { spawn } from "node:child_process";
import { once } from "node:events";

const [program, dataDir] = process.argv.slice(2);
const port = 20000 + Math.floor(Math.random() * 20000);
const site = `http://127.0.0.1:${port}`;
const ROUNDS = 9;

const post = async (endpoint, body) => {
  const answer = await fetch(`${site}/api/${endpoint}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", Origin: site },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${endpoint}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

async function timed(name, what) {
  const times = [];
  let total = await what();
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    total = await what();
    times.push(performance.now() - started);
  }
  times.sort((a, b) => a - b);
  console.log(`| ${name} | ${total ?? ""} | ${times[Math.floor(ROUNDS / 2)].toFixed(0)} | ${times[ROUNDS - 1].toFixed(0)} |`);
}

const child = spawn(program, ["serve", "--port", String(port), "--data-dir", dataDir], { stdio: "ignore" });
try {
  for (let tries = 0; ; tries++) {
    try {
      await fetch(site);
      break;
    } catch (error) {
      if (tries > 200) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const list = await post("datasets/list", {});
  const { dataset, total_records: records } = list.sort((a, b) => b.total_records - a.total_records)[0];
  const dataset_id = dataset.id;
  const none = { status: null, error: null, topic: null, needs_review: false, text: null };
  const page = (filter = {}, sort = "oldest", page = 1) => async () => {
    const answer = await post("records/list", { dataset_id, filter: { ...none, ...filter }, sort, page, page_size: 50 });
    return `${answer.at_least ? "> " : ""}${answer.total}`;
  };
  const { rows } = await post("records/list", { dataset_id, filter: none, page: 1, page_size: 50 });
  const topic = "order_status";
  console.log(`${records} records\n\n| request | matches | median, ms | worst, ms |\n|---|---|---|---|`);
  const html = (path) => async () => {
    const answer = await fetch(site + path);
    await answer.text();
    return answer.status;
  };
  await timed("canvas, first page (HTML)", html(`/finetune/${dataset_id}`));
  await timed("canvas with the records open (HTML)", html(`/finetune/${dataset_id}?records=all`));
  await timed("datasets page (HTML)", html("/finetune"));
  await timed("all records, page 1", page());
  await timed("all records, last page", page({}, "oldest", Math.ceil(records / 50)));
  for (const sort of ["newest", "most_messages", "fewest_messages", "last_changed"]) await timed(`all, ${sort}`, page({}, sort));
  await timed("status valid", page({ status: "valid" }));
  await timed("status valid, last page", page({ status: "valid" }, "oldest", Math.ceil(records * 0.9 / 50)));
  await timed("status invalid", page({ status: "invalid" }));
  await timed("valid, most messages", page({ status: "valid" }, "most_messages"));
  for (const error of ["user_message_too_short", "duplicate"]) await timed(`error ${error}`, page({ error }));
  await timed(`topic ${topic}`, page({ topic }));
  await timed("without a topic", page({ topic: "" }));
  await timed("to review", page({ needs_review: true }));
  for (const text of ["order", "the", "where is my order", '"my order"', "refund late", "ord", "zebra", "flight"]) {
    await timed(`search ${text}`, page({ text }));
  }
  await timed("search order, newest", page({ text: "order" }, "newest"));
  await timed("search order, valid", page({ text: "order", status: "valid" }));
  await timed("search order, invalid", page({ text: "order", status: "invalid" }));
  await timed("search order, page 1,000", page({ text: "order" }, "oldest", 1000));
  await timed("search refund, most messages", page({ text: "refund" }, "most_messages"));
  const record = await post("records/get", { dataset_id, record_id: rows[10].id });
  let opened_at = record.updated_at, edits = 0;
  const edit = async () => {
    record.data.input.messages.findLast((message) => message.role === "user").content = `Where is my order? Edit ${(edits += 1)}, ${Date.now()}`;
    const edit = { data: JSON.stringify(record.data), opened_at, allow_invalid: true };
    opened_at = (await post("records/update", { dataset_id, record_id: record.id, edit })).updated_at;
  };
  await timed("editing a record", edit);
  await timed("editing a record, and the health after it", async () => {
    await edit();
    return (await post("datasets/overview", { dataset_id })).hygiene.valid;
  });
} finally {
  child.kill("SIGTERM");
  await once(child, "close");
}
