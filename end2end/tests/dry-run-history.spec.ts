// A run that the URL names is on the page before and after the page is live; a run without one score says why.
import { chatLine } from "../support/files";
import { expect, hydrated, test } from "../support/server";

const graders = [
  "function grade(input) { return (input.response.length % 97) / 97; }",
  "function grade(input) { throw new Error('never'); }",
];

test("an older run stays in view over a reload, and a run in which all failed is a NO-GO", async ({ page, server }) => {
  const call = async (endpoint: string, data: object) => {
    const answer = await page.request.post(`${server.url}/api/${endpoint}`, { data });
    expect(answer.ok(), await answer.text()).toBeTruthy();
    return answer.json();
  };
  const lines = Array.from({ length: 60 }, (_, n) => chatLine(n)).join("\n");
  const upload = await page.request.post(`${server.url}/upload`, {
    headers: { accept: "application/json" },
    multipart: { file: { name: "a.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(lines) } },
  });
  const { dataset_id } = await upload.json();
  const overview = () => call("datasets/overview", { dataset_id });
  await expect.poll(async () => (await overview()).hygiene.valid).toBe(60);

  const config = { sample_size: 300, base_model: "m", stratify_by_topic: true, rollouts_per_prompt: 1, response_source: "recorded", seed: 42, concurrency: 0 };
  const runs: string[] = [];
  for (const script of graders) {
    await call("grader/save", { dataset_id, config: { type: "script", script } });
    runs.push((await call("dry-run/start", { dataset_id, config })).id);
    await expect.poll(async () => (await overview()).dry_run?.summary.id).toBe(runs.at(-1));
  }

  const panel = page.locator("#step-panel-body");
  await page.goto(`${server.url}/finetune/${dataset_id}?step=dryrun&run=${runs[0]}`);
  await expect(panel).toContainText("This is not the newest run");
  await expect(panel.getByText("Scores by topic")).toBeVisible();
  await hydrated(page);
  await expect(panel).toContainText("grader version 1");
  await page.reload();
  await hydrated(page);
  await expect(panel).toContainText("grader version 1");

  await panel.getByRole("link", { name: "Show the newest" }).click();
  await expect(page.getByRole("region", { name: "Verdict" })).toContainText("NO-GO");
  await expect(panel).toContainText("60 of 60 samples failed");
  await expect(panel.getByText("Scores by topic")).toHaveCount(0);
  await expect(panel.getByText("Samples worth a look")).toHaveCount(0);

  // Chosen in the page, the older one is fetched.
  await panel.getByRole("tab", { name: "History" }).click();
  await expect(panel.getByText("out of date")).toBeVisible();
  await panel.getByRole("link", { name: "Show result" }).last().click();
  await expect(panel).toContainText("This is not the newest run");
  await expect(panel.getByText("Scores by topic")).toBeVisible();
});
