// Every kind of grader the way a person makes one: chosen, written, tried on samples, saved; and called from elsewhere.
import type { Page } from "@playwright/test";
import { addEndpoint, call, datasetOf } from "../support/api";
import { codeEditor, field, rewriteCode, writeCode } from "../support/code";
import { expect, hydrated, type Server, test } from "../support/server";
import { TestEndpoint } from "../support/test-endpoint";

const PROMPT = "Prompt of the judge (Mustache)";
const JSON_FIELD = "The grader as OpenAI's JSON";

const chat = (question: string, answer: string, reference_answer: string) =>
  JSON.stringify({ messages: [{ role: "user", content: question }, { role: "assistant", content: answer }], reference_answer });
const lines = [
  chat("What is the capital of France?", "Paris", "Paris"),
  chat("What is the capital of Italy?", "rome", "Rome"),
  chat("What is the capital of Norway?", "I do not know that.", "Oslo"),
  chat("Which city is the seat of the EU?", "Brussels in Belgium", "Brussels"),
];

async function openGrader(page: Page, server: Server): Promise<string> {
  const id = await datasetOf(page, server, lines);
  await page.goto(`${server.url}/finetune/${id}?step=grader`);
  await hydrated(page);
  return id;
}

const choose = (page: Page, kind: string) => page.getByLabel("Kind of grader").selectOption(kind);
const results = (page: Page) => page.getByRole("region", { name: "Test results" });

/** Tests what is in the editor, and looks what each record got. */
async function tested(page: Page, scores: Record<string, string>): Promise<void> {
  await page.getByRole("button", { name: "Test on 5 samples", exact: true }).click();
  for (const [question, score] of Object.entries(scores)) {
    await expect(results(page).getByRole("row").filter({ hasText: question }).locator("td").first()).toHaveText(score);
  }
}

async function saved(page: Page, label: string): Promise<void> {
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByText(`A grader is saved: ${label}, version 1`)).toBeVisible();
}

test("string check: refused with its reason, mended, tried, saved", async ({ page, server, complaints }) => {
  await openGrader(page, server);
  await choose(page, "string_check");
  await page.getByLabel("What must hold").selectOption("like");
  await page.getByLabel("Input", { exact: true }).fill("{{sample.output_text}}");
  await page.getByLabel("Reference", { exact: true }).fill("{{item.nobody}");
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.locator("#grader-reference-error")).not.toBeEmpty();
  complaints.length = 0;
  await page.getByLabel("Reference", { exact: true }).fill("{{referenceAnswer}}");
  await tested(page, { France: "1.00", Italy: "0.00", Norway: "0.00", "the EU": "1.00" });
  await page.getByLabel("What must hold").selectOption("ilike");
  await expect(page.getByText("not of what is in the editor now")).toBeVisible();
  await tested(page, { Italy: "1.00" });
  await saved(page, "String check");
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("What must hold")).toHaveValue("ilike");
});

test("text similarity: the measure is chosen, the preview shows what is compared", async ({ page, server }) => {
  await openGrader(page, server);
  await choose(page, "text_similarity");
  await page.getByLabel("Measure").selectOption("rouge_1");
  await page.getByLabel("Input", { exact: true }).fill("{{response}}");
  await page.getByLabel("Reference", { exact: true }).fill("{{referenceAnswer}}");
  await expect(page.locator(".preview, .grader-preview").or(page.getByText("Preview on record 1 of 4")).first()).toBeVisible();
  // "Brussels in Belgium" by "Brussels": precision 1/3, recall 1, F1 one half.
  await tested(page, { France: "1.00", Norway: "0.00", "the EU": "0.50" });
  await saved(page, "Text similarity");
});

test("Python is kept and shown, and refused to run with the reason", async ({ page, server, complaints }) => {
  await openGrader(page, server);
  await choose(page, "python");
  await expect(page.getByText("It is kept, shown and exported, but not run here")).toBeVisible();
  await writeCode(page, JSON.stringify({ type: "python", name: "p", source: "def grade(sample, item):\n    return 1.0" }), JSON_FIELD);
  await page.getByRole("button", { name: "Test on 5 samples", exact: true }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Python" }).first()).toBeVisible();
  complaints.length = 0;
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByText(/A grader is saved: Python.*, version 1/)).toBeVisible();
  await page.getByRole("button", { name: "Export…" }).click();
  await expect(page.getByRole("dialog").getByLabel("The grader's JSON", { exact: true })).toHaveValue(/def grade\(sample, item\)/);
});

test.describe("with a model", () => {
  const endpoint = new TestEndpoint();
  test.beforeAll(() => endpoint.start());
  test.afterAll(() => endpoint.stop());
  test.beforeEach(() => endpoint.reset());
  const judged = (answer: object) => ({ content: { text: JSON.stringify(answer) } });

  test("a judge: no default said, variable inserted, preview, schema, test, cost and reasons", async ({ page, server, complaints }) => {
    await addEndpoint(page, server, endpoint.baseURL);
    await endpoint.script({
      rules: [
        { text: "Paris", faults: [judged({ reasoning: "It is right.", score: 0.9 })] },
        { text: "rome", faults: ["refusal"] },
        { text: "know that", faults: [{ content: { text: "I would call it fairly good." } }] },
        { text: "Brussels", faults: [judged({ reasoning: "More than asked.", score: 7 })] },
      ],
    });
    await openGrader(page, server);
    await choose(page, "llm_judge");
    await expect(page.getByText("No default judge is set.")).toBeVisible();
    await page.getByLabel("Endpoint").selectOption({ label: "Judges" });
    await page.getByLabel("Model", { exact: true }).fill("test-small");
    await expect(page.getByText("No default judge is set.")).toBeHidden();
    await writeCode(page, "Is this right? ", PROMPT);
    await codeEditor(page, PROMPT).press("ControlOrMeta+End");
    await page.getByRole("group", { name: "Insert a variable" }).getByRole("button", { name: "response", exact: true }).click();
    await expect(field(page, PROMPT)).toHaveValue("Is this right? {{response}}");
    await expect(page.getByText("Is this right? Paris")).toBeVisible();
    await page.getByRole("button", { name: "Next record" }).click();
    await expect(page.getByText("Is this right? rome")).toBeVisible();
    // A slip in the template is marked at its line while one types.
    await writeCode(page, "Is this right?\n{{#tools}}{{response}}", PROMPT);
    await expect(page.locator(".cm-lint-marker-error")).toHaveCount(1);
    await writeCode(page, "Is this right? {{response}}", PROMPT);
    await expect(page.locator(".cm-lint-marker-error")).toHaveCount(0);
    await expect(page.getByText("Is this right? rome")).toBeVisible();

    // What is no certain score is a failure with its reason, never a number.
    await tested(page, { France: "0.90", Italy: "failed", Norway: "failed", "the EU": "failed" });
    await expect(results(page).getByRole("row").filter({ hasText: "France" })).toContainText("It is right.");
    await expect(results(page).getByRole("row").filter({ hasText: "Italy" })).toContainText(/refus/i);
    await page.getByText("Output schema and limits").click();
    await rewriteCode(page, (schema) => schema.replaceAll('"score"', '"points"'), "Output schema (JSON)");
    await page.getByRole("button", { name: "Save grader" }).click();
    await expect(page.getByRole("alert").filter({ hasText: "score" }).first()).toBeVisible();
    // (The what-if of the tested responses is refused for the same reason, a moment later.)
    await expect(page.getByRole("status").filter({ hasText: "cannot be scored" })).toBeVisible();
    complaints.length = 0;
    await rewriteCode(page, (schema) => schema.replaceAll('"points"', '"score"'), "Output schema (JSON)");
    await saved(page, "LLM Judge: test-small");
  });

  test("a combination: a preset, weights, a threshold, a formula; its parts are told", async ({ page, server }) => {
    const id = await addEndpoint(page, server, endpoint.baseURL);
    await call(page, server, "endpoints/default", { role: "judge", choice: { endpoint_id: id, model: "test-small" } });
    await endpoint.script({ rules: [{ faults: [judged({ reasoning: "Half right.", score: 0.5 })] }] });
    await openGrader(page, server);
    await page.getByLabel("Start from a preset").selectOption({ label: "Conciseness: answers the question (judge), brevity (script)" });
    await expect(page.getByText("✓ The weights add up to 1.")).toBeVisible();
    const weight = page.getByLabel("Weight of the part");
    await weight.first().fill("0.7");
    await expect(page.getByText("The weights add up to 1.1, not to 1.")).toBeVisible();
    await page.getByRole("button", { name: "Normalize" }).click();
    await weight.first().fill("0.5");
    await weight.last().fill("0.5");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await writeCode(page, "function grade(input) { return input.response.length < 10 ? 0.8 : 0.1; }");
    // 0.5 * 0.5 + 0.5 * 0.8, and with 0.1.
    await tested(page, { France: "0.65", Norway: "0.30" });
    await expect(results(page)).toContainText("Half right.");
    await page.getByLabel(/^Threshold of the part/).first().fill("0.5");
    await tested(page, { France: "0.90", Norway: "0.55" });
    await expect(results(page)).toContainText("counts as 1.00");
    await page.getByLabel("Combine by a formula").check();
    const names = await page.getByLabel("Name of the part").evaluateAll((inputs) => inputs.map((input) => (input as HTMLInputElement).value));
    await page.getByLabel("Formula", { exact: true }).fill(`min(${names[0]}, ${names[1]})`);
    await tested(page, { France: "0.80", Norway: "0.10" });
    await saved(page, "2 graders");
  });

  test("a score model: OpenAI's JSON in, its range brought to 0 to 1, and out again", async ({ page, server, complaints }) => {
    const id = await addEndpoint(page, server, endpoint.baseURL);
    await call(page, server, "endpoints/default", { role: "judge", choice: { endpoint_id: id, model: "test-small" } });
    await endpoint.script({ rules: [{ faults: [judged({ reasoning: "Three quarters.", score: 7.5 })] }] });
    await openGrader(page, server);
    const grader = { type: "score_model", name: "of ten", model: "test-small", range: [5, 10], input: [{ role: "user", content: "Rate {{sample.output_text}}" }] };
    await page.getByRole("button", { name: "Import…" }).click();
    const dialog = page.getByRole("dialog", { name: "Import a grader" });
    await dialog.getByLabel("Or paste it").fill("{ no json");
    await dialog.getByRole("button", { name: "Import into the editor" }).click();
    await expect(dialog.getByRole("alert")).toBeVisible();
    complaints.length = 0;
    await dialog.getByLabel("Or paste it").fill(JSON.stringify(grader));
    await dialog.getByRole("button", { name: "Import into the editor" }).click();
    const close = dialog.getByRole("button", { name: "Close" }).last();
    await expect(page.getByLabel("Kind of grader")).toHaveValue("score_model");
    if (await dialog.isVisible()) await close.click();
    await tested(page, { France: "0.50" });
    await saved(page, "Score model: test-small");
  });
});

test("a key is made, seen once, used by a trainer, and taken away", async ({ page, server }) => {
  const id = await openGrader(page, server);
  await expect(page.getByText("Save a grader, and a trainer elsewhere can have its responses graded")).toBeVisible();
  await writeCode(page, "function grade(input) { return input.response === input.referenceAnswer ? 1 : 0; }");
  await saved(page, "Script");
  await expect(page.getByText("There is no key yet")).toBeVisible();
  await page.getByLabel("New key").fill("run 12");
  await page.getByRole("button", { name: "Make a key" }).click();
  const key = await page.getByLabel("Key", { exact: true }).inputValue();
  expect(key).toMatch(/^ank_[\w-]{43}$/);
  const address = await page.getByLabel("Address", { exact: true }).inputValue();
  expect(address).toBe(`${server.url}/v1/graders/${id}@1/score`);
  await page.getByText("Call it with curl").click();
  await expect(page.getByLabel("curl call", { exact: true })).toHaveValue(new RegExp(`Bearer ${key}`));
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await page.getByRole("button", { name: "Copy: Address" }).click();
  await expect(page.getByText("Copied")).toBeVisible();
  expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(address);

  const data = { sample: { output_text: "Paris" }, item: { messages: [{ role: "user", content: "?" }], reference_answer: "Paris" } };
  const score = () => page.request.post(address, { headers: { authorization: `Bearer ${key}` }, data });
  expect(await (await score()).json()).toMatchObject({ score: 1, grader_version: 1 });

  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("Key", { exact: true })).toBeHidden();
  const row = page.getByRole("region", { name: "Keys" }).getByRole("row").filter({ hasText: "run 12" });
  await expect(row).toContainText(`…${key.slice(-4)}`);
  await expect(row).not.toContainText("never");
  await row.getByRole("button", { name: "Delete the key run 12" }).click();
  await page.getByRole("dialog", { name: "Delete this key?" }).getByRole("button", { name: "Delete the key" }).click();
  await expect(page.getByText("There is no key yet")).toBeVisible();
  expect((await score()).status()).toBe(401);
});
