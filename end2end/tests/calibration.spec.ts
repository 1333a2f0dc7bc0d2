// Responses scored by hand, blind; how far the grader agrees; the calls of models that served a record.
import AxeBuilder from "@axe-core/playwright";
import type { Page } from "@playwright/test";
import { addEndpoint, call, datasetOf } from "../support/api";
import { chatLine } from "../support/files";
import { type Server, expect, hydrated, test } from "../support/server";
import { TestEndpoint } from "../support/test-endpoint";

const byLength = `function grade(input) {
  return { score: Math.min(1, input.response.length / 140), reasoning: "the response has " + input.response.length + " characters" };
}`;

const config = { sample_size: 300, base_model: "m", stratify_by_topic: true, rollouts_per_prompt: 1, response_source: "recorded", seed: 42, concurrency: 0 };

/** A dataset of `count` conversations with this grader; gives its id. */
async function dataset(page: Page, server: Server, count: number, grader: object): Promise<string> {
  const dataset_id = await datasetOf(page, server, Array.from({ length: count }, (_, n) => chatLine(n)));
  await call(page, server, "grader/save", { dataset_id, config: grader });
  return dataset_id;
}

async function nothingSerious(page: Page): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).exclude(".cm-editor").analyze();
  const found = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 200)}`)).toEqual([]);
}

const drawer = (page: Page) => page.getByRole("dialog", { name: "Score by hand" });

test("responses are scored blind by keys, stay scored, and agreement is told", async ({ page, server }) => {
  const id = await dataset(page, server, 40, { type: "script", script: byLength });
  await call(page, server, "dry-run/start", { dataset_id: id, config });
  await expect.poll(async () => (await call(page, server, "datasets/overview", { dataset_id: id })).dry_run?.report?.samples_evaluated).toBe(40);

  await page.goto(`${server.url}/finetune/${id}?step=grader`);
  await hydrated(page);
  const card = page.locator("section.card").filter({ has: page.getByRole("heading", { name: "Calibration" }) });
  await expect(card).toContainText("without seeing what the grader gave");
  await card.getByRole("button", { name: "Score by hand" }).click();
  await expect(drawer(page)).toContainText("1 of 20");
  await expect(page).toHaveURL(/calibrate=1&hand=\d+/);
  await nothingSerious(page);

  // Blind: neither on the page nor in what came for it.
  await expect(drawer(page)).toContainText("I have done that for you.");
  await expect(drawer(page)).not.toContainText("the response has");
  await page.keyboard.press("4");
  await expect(drawer(page)).toContainText("the response has");
  await expect(drawer(page)).toContainText(/than you|the same as you/);
  await expect(drawer(page).getByRole("button", { name: "Good: 0.75" })).toHaveAttribute("aria-pressed", "true");
  await expect(drawer(page)).toContainText("1 scored");
  await nothingSerious(page);

  // A note is typed, not taken for keys; a change of mind is kept.
  await drawer(page).getByPlaceholder("Why?").fill("j 1 2 3 done as asked");
  await page.keyboard.press("Tab");
  await drawer(page).getByRole("button", { name: "Fair: 0.5" }).click();
  await expect(drawer(page).getByRole("button", { name: "Fair: 0.5" })).toHaveAttribute("aria-pressed", "true");
  await page.reload();
  await hydrated(page);
  await expect(drawer(page).getByRole("button", { name: "Fair: 0.5" })).toHaveAttribute("aria-pressed", "true");
  await expect(drawer(page).getByPlaceholder("Why?")).toHaveValue("j 1 2 3 done as asked");

  // Enter on a chosen level goes on, as do j and the arrow; k and the arrow go back.
  await drawer(page).getByRole("button", { name: "Fair: 0.5" }).focus();
  await page.keyboard.press("Enter");
  await expect(drawer(page)).toContainText("2 of 20");
  await expect(drawer(page)).not.toContainText("the response has");
  await page.keyboard.press("k");
  await expect(drawer(page)).toContainText("1 of 20");
  await page.keyboard.press("ArrowRight");
  await expect(drawer(page)).toContainText("2 of 20");
  // The buttons, too, go on from the sample in view.
  const go = (words: string) => drawer(page).getByRole("button", { name: words }).click();
  for (const [words, place] of [["Next (j)", 3], ["Next (j)", 4], ["Next (j)", 5], ["Back (k)", 4], ["Back (k)", 3], ["Back (k)", 2]] as const) {
    await go(words);
    await expect(drawer(page)).toContainText(`${place} of 20`);
  }
  for (let n = 2; n <= 7; n++) {
    await expect(drawer(page)).toContainText(`${n} of 20`);
    await page.keyboard.press(String(1 + (n % 5)));
    await expect(drawer(page)).toContainText("the response has");
    await page.keyboard.press("j");
  }
  await expect(drawer(page)).toContainText("8 of 20");
  await page.keyboard.press("Escape");
  await expect(drawer(page)).toBeHidden();
  await expect(page).not.toHaveURL(/calibrate/);

  await expect(card).toContainText(/The grader agrees (well|partly|poorly)/);
  await expect(card).toContainText("version 1, 7 samples");
  await expect(card).toContainText("Biggest disagreements");
  await expect(card).toContainText("the response has");
  await nothingSerious(page);
  // The same without the browser's part: the first paint has it.
  const html = await (await page.request.get(page.url())).text();
  expect(html).toContain("version 1, 7 samples");

  // From a sample of the dry run, and taken away again.
  await page.goto(`${server.url}/finetune/${id}?step=dryrun&tab=samples&samples=highest`);
  await hydrated(page);
  await page.locator(".inspector__line").first().click();
  await page.getByRole("link", { name: "Score by hand" }).click();
  await expect(drawer(page).getByRole("button", { name: "Great: 1" })).toBeVisible();
  await page.keyboard.press("5");
  await expect(drawer(page).getByRole("button", { name: "Great: 1" })).toHaveAttribute("aria-pressed", "true");
  await drawer(page).getByRole("button", { name: "Take my score away" }).click();
  await expect(drawer(page).getByRole("button", { name: "Great: 1" })).toHaveAttribute("aria-pressed", "false");
  await expect(drawer(page)).not.toContainText("the response has");
});

test("the calls of a model are told where they served, its parts too", async ({ page, server }) => {
  const endpoint = new TestEndpoint();
  await endpoint.start();
  try {
    const judge = (endpoint_id: string) => ({ type: "llm_judge", prompt: "How good is this? {{response}}", endpoint_id, model: "test-small" });
    const first = await dataset(page, server, 6, { type: "script", script: byLength });
    const endpointId = await addEndpoint(page, server, endpoint.baseURL);
    const parts = [
      { name: "kindness", grader: judge(endpointId) },
      { name: "length", grader: { type: "script", script: byLength }, threshold: 0.5 },
    ];
    await call(page, server, "grader/save", { dataset_id: first, config: { type: "multi", graders: parts, weights: [0.5, 0.5] } });
    await call(page, server, "dry-run/start", { dataset_id: first, config });
    await expect.poll(async () => (await call(page, server, "datasets/overview", { dataset_id: first })).dry_run?.report?.samples_evaluated).toBe(6);

    await page.goto(`${server.url}/finetune/${first}?step=dryrun&tab=samples&samples=all`);
    await hydrated(page);
    await page.locator(".inspector__line").first().click();
    const detail = page.locator(".inspector__detail");
    const scores = detail.getByRole("list", { name: "Scores of the parts" });
    await expect(scores).toContainText("kindness");
    await expect(scores).toContainText(/counts as [01]\.00/);
    await detail.getByText("Model calls").click();
    await expect(detail).toContainText("Model calls (1)");
    await expect(detail.locator(".call")).toContainText("test-small at Judges");
    await expect(detail.locator(".call")).toContainText("unknown");
    await detail.locator(".call").getByText("Request", { exact: true }).click();
    await expect(detail.locator(".call")).toContainText("How good is this?");

    // In the records' reading pane, too.
    await detail.getByRole("link", { name: "Open the record" }).click();
    const pane = page.locator(".records__pane");
    await pane.getByText("Model calls").click();
    await expect(pane).toContainText("Model calls (1)");
    await expect(pane.locator(".call")).toContainText("Judge");
    await nothingSerious(page);
  } finally {
    await endpoint.stop();
  }
});
