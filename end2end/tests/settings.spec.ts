// The settings: an endpoint added, tested, defaults chosen, what is paid and kept, an endpoint that is not there, deletion.
import AxeBuilder from "@axe-core/playwright";
import { call, datasetOf } from "../support/api";
import { chatLine } from "../support/files";
import { expect, hydrated, test } from "../support/server";
import { TestEndpoint } from "../support/test-endpoint";

test("a model is set up, judges, and what it costs is told", async ({ page, server, complaints }) => {
  const endpoint = new TestEndpoint();
  await endpoint.start();
  try {
    await endpoint.script({ api_key: "sk-hidden-0123456789" });
    await page.goto(`${server.url}/finetune`);
    await hydrated(page);
    await page.getByRole("link", { name: "Settings" }).click();
    await expect(page.getByRole("heading", { name: "No endpoint yet" })).toBeVisible();
    await page.getByRole("link", { name: "Add endpoint" }).first().click();
    const dialog = page.getByRole("dialog", { name: "Add endpoint" });

    // What cannot be right is said at its field.
    await dialog.getByLabel("Name").fill("Judges");
    await dialog.getByLabel("Base URL").fill("ftp://nowhere");
    await dialog.getByRole("button", { name: "Save endpoint" }).click();
    await expect(dialog.locator("#endpoint-url-error")).not.toBeEmpty();
    await dialog.getByLabel("Base URL").fill(endpoint.baseURL);
    await dialog.getByLabel("Prices").fill("test-small, free, 2");
    await dialog.getByRole("button", { name: "Save endpoint" }).click();
    await expect(dialog.locator("#endpoint-prices-error")).toContainText("1");
    complaints.length = 0;
    await dialog.getByLabel("Prices").fill("test-small, 100, 200");
    await dialog.getByRole("button", { name: "Test connection" }).click();
    await expect(dialog.getByRole("alert").filter({ hasText: /key/i })).toBeVisible();
    await dialog.getByLabel("Key", { exact: true }).selectOption("stored");
    await dialog.getByLabel("The key").fill("sk-hidden-0123456789");
    await dialog.getByRole("button", { name: "Test connection" }).click();
    await expect(dialog.getByText(/It answers and offers \d+ models/)).toBeVisible();
    await dialog.getByRole("button", { name: "Save endpoint" }).click();
    await expect(dialog).toBeHidden();

    const card = page.locator(".endpoints > li");
    await expect(card).toContainText(/\d models offered, 1 with a price/);
    await expect(card).toContainText("…6789, stored encrypted");
    await expect(card).toContainText(/test-retiring/);
    expect(await page.content(), "the key is never shown").not.toContain("sk-hidden");
    await page.getByPlaceholder("Model to ask (optional)").fill("test-small");
    await card.getByRole("button", { name: "Test connection" }).click();
    await expect(card.getByText(/✓ test-small said/)).toBeVisible();
    // After a reload the models are still known; the judge is chosen from them.
    await page.reload();
    await hydrated(page);
    await expect(card).toContainText(/\d models offered/);
    await page.getByLabel("Judge", { exact: true }).selectOption({ label: "Judges" });
    await page.locator("#default-judge-model, [id$=judge-model]").first().fill("test-small");
    await page.getByRole("button", { name: "Save", exact: true }).nth(1).click();
    await expect(page.getByText("Saved.")).toBeVisible();
    for (const width of [1440, 360]) {
      await page.setViewportSize({ width, height: 900 });
      expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), `${width}`).toBeLessThanOrEqual(0);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)).toEqual([]);
    }

    // It judges three answers, once; the second time they are kept.
    const dataset_id = await datasetOf(page, server, [0, 1, 2].map(chatLine));
    const draft = { type: "llm_judge", prompt: "How good is this? {{response}}" };
    for (const _ of [1, 2]) {
      const job = await call(page, server, "grader/test", { dataset_id, draft, samples: 3 });
      await expect.poll(async () => (await call(page, server, "grader/tested", { dataset_id, job_id: job.id }))?.results.length).toBe(3);
    }
    await page.reload();
    await hydrated(page);
    const calls = page.locator("section.card").filter({ has: page.getByRole("heading", { name: "Calls and kept answers" }) });
    await expect(calls).toContainText(/Used again\s*3 times/);
    await expect(calls).toContainText(/Answers kept\s*3/);
    await expect(calls).toContainText(/Spent\s*\$0\.\d+/);
    const asked = (await endpoint.requests()).requests.filter((request) => request.route === "chat").length;
    expect(asked, "a connection test and three judgements").toBe(4);
    await calls.getByRole("button", { name: "Forget kept answers" }).click();
    await page.getByRole("dialog").getByRole("button", { name: /Forget/ }).click();
    await expect(calls).toContainText(/Answers kept\s*0/);

    // An endpoint that has gone away says so; deleting it is asked about.
    await endpoint.stop();
    await card.getByRole("button", { name: "Test connection" }).click();
    await expect(card.getByRole("alert")).toBeVisible();
    await card.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("dialog").getByRole("button", { name: /Delete/ }).click();
    await expect(page.getByRole("heading", { name: "No endpoint yet" })).toBeVisible();
  } finally {
    await endpoint.stop();
  }
});
