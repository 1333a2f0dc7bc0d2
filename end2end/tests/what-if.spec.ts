// A grader is changed in the editor, and the card says what it does to the responses graded last, without a call.
import AxeBuilder from "@axe-core/playwright";
import type { Locator, Page } from "@playwright/test";
import { addEndpoint, call, datasetOf } from "../support/api";
import { rewriteCode, writeCode } from "../support/code";
import { expect, hydrated, type Server, test } from "../support/server";
import { TestEndpoint } from "../support/test-endpoint";

const RATED = "function grade(input) { return Number(input.response.match(/[0-9.]+/)[0]); }";
const dryRun = { sample_size: 300, base_model: "m", stratify_by_topic: true, rollouts_per_prompt: 1, response_source: "recorded", seed: 42, concurrency: 0 };

const rated = (rating: number) =>
  JSON.stringify({ messages: [{ role: "user", content: `Which rating has number ${rating * 10}?` }, { role: "assistant", content: `rated ${rating}` }] });

/** Four responses that say 0.2 to 0.8, graded by this grader in a dry run. */
async function graded(page: Page, server: Server, config: object): Promise<string> {
  const dataset_id = await datasetOf(page, server, [0.2, 0.4, 0.6, 0.8].map(rated));
  await call(page, server, "grader/save", { dataset_id, config });
  await call(page, server, "dry-run/start", { dataset_id, config: dryRun });
  await expect.poll(async () => (await call(page, server, "datasets/overview", { dataset_id })).dry_run?.report?.samples_evaluated).toBe(4);
  return dataset_id;
}

async function opened(page: Page, server: Server, id: string): Promise<Locator> {
  await page.goto(`${server.url}/finetune/${id}?step=grader`);
  await hydrated(page);
  return page.locator("section.card").filter({ has: page.getByRole("heading", { name: "What if" }) });
}

const stat = (card: Locator, label: string) => card.locator(".stat").filter({ hasText: label });
const row = (card: Locator, rating: number) => card.getByRole("row").filter({ hasText: `number ${rating * 10}?` });
const cells = (card: Locator, rating: number) => row(card, rating).locator("td");

/** A row as it is read: before, after, difference. */
async function goes(card: Locator, rating: number, before: string, after: string, difference: string): Promise<void> {
  await expect(cells(card, rating).nth(0)).toHaveText(before);
  await expect(cells(card, rating).nth(1)).toHaveText(after);
  await expect(cells(card, rating).nth(2)).toHaveText(difference);
}

test("before anything is graded the card says what it needs", async ({ page, server }) => {
  const card = await opened(page, server, await datasetOf(page, server, [0.2, 0.4].map(rated)));
  await expect(card.getByRole("status")).toContainText("Nothing is graded yet. Run a test or a dry run");
  await writeCode(page, RATED);
  await page.getByRole("button", { name: "Test on 5 samples", exact: true }).click();
  await expect(card.getByRole("status")).toContainText("what it does to the 2 responses of the test of a draft; nothing is called");
});

test("a script: figures by hand, a broken one keeps them, rows open their record", async ({ page, server, complaints }) => {
  const card = await opened(page, server, await graded(page, server, { type: "script", script: RATED }));
  await expect(card.getByRole("status")).toHaveText("Change weights, a threshold or a script and see here what it does to the 4 responses of the dry run by version 1; nothing is called.");

  // Twice as much is over 1 for two of them, which is no score. At most 1: 0.4, 0.8, 1, 1. Mean 0.8; squares 0.16 + 0 + 0.04 + 0.04, by 3, root 0.28. Before 0.5 and 0.26.
  await rewriteCode(page, (text) => text.replace("return Number", "return 2 * Number"));
  await expect(card.getByRole("status")).toContainText("2 up, 2 fail that had a score.");
  await rewriteCode(page, (text) => text.replace(/return (.*); }/, "return Math.min(1, $1); }"));
  await expect(card.getByRole("status")).toContainText("4 up.");
  await expect(stat(card, "mean")).toHaveText(/0\.50 → 0\.80\s*mean \+0\.30/);
  await expect(stat(card, "deviation")).toHaveText(/0\.26 → 0\.28\s*deviation \+0\.02/);
  await expect(stat(card, "change")).toContainText("4 of 4");
  await goes(card, 0.2, "0.20", "0.40", "+0.20");
  await goes(card, 0.4, "0.40", "0.80", "+0.40");
  await expect(card.locator("tbody tr").first()).toContainText("+0.40");
  await expect(card).toContainText("Compared with the 4 responses of the dry run by version 1");
  const { violations } = await new AxeBuilder({ page }).exclude(".cm-editor").analyze();
  expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);

  // What cannot be read gives no figures, and takes none away.
  complaints.length = 0;
  await writeCode(page, "function grade(input) { return ");
  await expect(card.getByRole("status")).toContainText("What is in the editor cannot be scored: ");
  await expect(card).toContainText("The figures below are of an earlier draft.");
  await expect(stat(card, "mean")).toContainText("0.50 → 0.80");
  complaints.length = 0;

  // One that throws for one response fails there, and is no zero: 0.2, 0.4 and 0.6 have the mean 0.4.
  await writeCode(page, RATED.replace("return", "if (input.response.includes('0.8')) throw new Error('too good'); return"));
  await expect(card.getByRole("status")).toContainText("3 unchanged, 1 fails that had a score.");
  await expect(card).not.toContainText("earlier draft");
  await expect(stat(card, "mean")).toContainText("0.50 → 0.40");
  await goes(card, 0.8, "0.80", "failed", "fails now");
  await row(card, 0.8).getByText("Why it fails").click();
  await expect(row(card, 0.8)).toContainText("too good");
  await row(card, 0.8).getByRole("button").click();
  await expect(page).toHaveURL(/record=\d+/);
  await expect(page.getByRole("dialog")).toContainText("rated 0.8");
});

test.describe("with a judge", () => {
  const endpoint = new TestEndpoint();
  test.beforeAll(() => endpoint.start());
  test.afterAll(() => endpoint.stop());
  test.beforeEach(() => endpoint.reset());

  test("weights are arithmetic, another prompt needs a call, and nothing is called", async ({ page, server }) => {
    const endpoint_id = await addEndpoint(page, server, endpoint.baseURL);
    await endpoint.script({ rules: [{ faults: [{ content: { text: JSON.stringify({ reasoning: "Fair.", score: 0.6 }) } }] }] });
    const judge = { type: "llm_judge", prompt: "Rate {{response}}", endpoint_id, model: "test-small" };
    const graders = [{ name: "judge", grader: judge }, { name: "rating", grader: { type: "script", script: RATED } }];
    const id = await graded(page, server, { type: "multi", weights: [0.5, 0.5], graders });
    const asked = async () => (await endpoint.requests()).requests.filter(({ path }) => path.endsWith("/chat/completions")).length;
    expect(await asked()).toBe(4);

    const card = await opened(page, server, id);
    await expect(card.getByRole("status")).toContainText("Change weights");
    // From 0.5 * 0.6 + 0.5 * 0.5 = 0.55 to 0.2 * 0.6 + 0.8 * 0.5 = 0.52; where the rating is 0.6 nothing changes.
    const weight = page.getByLabel("Weight of the part");
    await weight.first().fill("0.2");
    await weight.last().fill("0.8");
    await expect(card.getByRole("status")).toContainText("1 up, 2 down, 1 unchanged.");
    await expect(stat(card, "mean")).toHaveText(/0\.55 → 0\.52\s*mean −0\.03/);
    await goes(card, 0.2, "0.40", "0.28", "−0.12");
    await goes(card, 0.8, "0.70", "0.76", "+0.06");
    await row(card, 0.2).locator("summary").click();
    await expect(row(card, 0.2).getByRole("list", { name: "Scores of the parts" })).toContainText("judge");

    await rewriteCode(page, () => "Judge {{response}}", "Prompt of the judge (Mustache)");
    await expect(card.getByRole("status")).toContainText("4 need a call of the judge: test the draft or run a dry run.");
    await expect(card.locator(".stat")).toHaveCount(0);
    expect(await asked()).toBe(4);

    // A test asks it; then its answers are kept, and the comparison has them.
    await page.getByRole("button", { name: "Test on 5 samples", exact: true }).click();
    await expect(card.getByRole("status")).toContainText("1 up, 2 down, 1 unchanged.");
    expect(await asked()).toBe(8);
  });
});
