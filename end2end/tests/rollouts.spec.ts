// A dry run in which the base model answers: what it costs is said before, the gain is measured, what can be learnt is shown.
import { addEndpoint, call, datasetOf } from "../support/api";
import { chatLine } from "../support/files";
import { expect, hydrated, test } from "../support/server";
import { TestEndpoint } from "../support/test-endpoint";

const endpoint = new TestEndpoint();
test.beforeAll(() => endpoint.start());
test.afterAll(() => endpoint.stop());
test.beforeEach(() => endpoint.reset());

/** The model answers these in turn, whoever asks. */
const inTurn = (answers: string[]) => ({
  rules: answers.map((text, place) => ({ nth: { from: place + 1, every: answers.length }, faults: [{ content: { text } }] })),
});

test("the base model answers four times each: estimate, run, gain, signal, the answers themselves", async ({ page, server, complaints }) => {
  const dataset_id = await datasetOf(page, server, Array.from({ length: 40 }, (_, n) => chatLine(n)));
  await call(page, server, "grader/save", { dataset_id, config: { type: "script", script: "function grade(input) { return Number(input.response) }" } });
  await page.goto(`${server.url}/finetune/${dataset_id}?step=dryrun&dialog=dryrun`);
  await hydrated(page);
  const dialog = page.getByRole("dialog", { name: "Dry run" });
  await dialog.getByLabel("Responses", { exact: true }).selectOption("generated");
  await expect(dialog.getByText("no model endpoint is set up yet")).toBeVisible();
  await expect(dialog.getByText("No base model is chosen.")).toBeVisible();

  const id = await addEndpoint(page, server, endpoint.baseURL, "Base");
  await call(page, server, "endpoints/default", { role: "base", choice: { endpoint_id: id, model: "test-small" } });
  await endpoint.script(inTurn(["0.2", "0.4", "0.6", "0.8"]));
  await page.reload();
  await hydrated(page);
  await dialog.getByLabel("Responses", { exact: true }).selectOption("generated");
  await dialog.getByLabel("Sample size").fill("35");
  await expect(dialog.getByText("35 prompts. 140 responses: some")).toBeVisible();
  await dialog.getByLabel("Temperature").fill("3");
  await expect(dialog.getByText("must be a number from 0 to 2")).toBeVisible();
  await dialog.getByLabel("Temperature").fill("");
  // (What cannot be run is refused by the estimate already.)
  complaints.length = 0;
  await dialog.getByRole("button", { name: "Start dry run" }).click();

  await expect(page.getByRole("region", { name: "Verdict" })).toContainText("GO");
  const panel = page.locator("#step-panel-body");
  await expect(panel).toContainText("35 of 40 prompts, 4 responses each by test-small");
  await expect(panel.locator(".stat__label", { hasText: "expected gain" })).toBeVisible();
  await expect(panel.getByText("What training can learn from")).toBeVisible();
  await expect(panel).toContainText("of the prompts can be learnt from");
  await page.reload();
  await hydrated(page);
  await expect(panel.locator(".stat__label", { hasText: "expected gain" })).toBeVisible();
  await panel.getByRole("tab", { name: "Samples" }).click();
  await panel.locator(".inspector__line").filter({ hasText: "0.20" }).first().click();
  await expect(panel.getByText(/Response \d to this prompt/)).toBeVisible();
  await panel.getByRole("tab", { name: "History" }).click();
  await expect(panel.getByText("4 each by test-small")).toBeVisible();
});
