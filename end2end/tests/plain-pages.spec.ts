// The list's filters, the settings' danger zone, and what all of it is without JavaScript.
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";
import type { Page } from "@playwright/test";

const lines = (count: number) => Array.from({ length: count }, (_, n) => chatLine(n));

async function openSample(page: Page, url: string): Promise<string> {
  await page.goto(`${url}/finetune`);
  await hydrated(page);
  await page.getByRole("button", { name: "Open the sample dataset" }).click();
  await expect(page).toHaveURL(/step=dryrun/, { timeout: 60_000 });
  return page.url().split(/[?#]/)[0];
}

test("the list of datasets is searched, filtered and sorted, in the address and without JavaScript", async ({ browser, page, server }) => {
  await importLines(page, server.url, [...lines(6), ..."abcdefgh".split("").map((broken) => `{${broken}`)]);
  await openSample(page, server.url);
  await page.goto(`${server.url}/finetune`);
  await hydrated(page);
  const rows = page.locator(".dataset-row");
  await expect(rows).toHaveCount(2);
  await page.getByLabel("Filter by status").selectOption({ label: "Ready to go on (1)" });
  await expect(page).toHaveURL(/\/finetune\?status=ready$/);
  await expect(rows).toHaveText([/Sample: Brightbarrow/]);
  await page.getByLabel("Search datasets by name").fill("chats");
  await expect(page).toHaveURL(/\/finetune\?q=chats&status=ready$/);
  await expect(page.getByText("No dataset with the status “Ready to go on” has “chats” in its name.")).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(page.getByLabel("Search datasets by name")).toHaveValue("chats");
  await page.getByRole("link", { name: "Show all datasets" }).click();
  await expect(rows).toHaveCount(2);

  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(`${server.url}/finetune`);
  await plain.getByLabel("Filter by status").selectOption("attention");
  await plain.getByLabel("Sort by").selectOption("name");
  await plain.getByRole("button", { name: "Apply" }).click();
  await expect(plain).toHaveURL(/\/finetune\?q=&status=attention&sort=name$/);
  await expect(plain.locator(".dataset-row")).toHaveText([/chats/]);
  await expect(plain.getByLabel("Filter by status")).toHaveValue("attention");
  await context.close();
});

test("a reset keeps the records and says beforehand what goes", async ({ page, server }) => {
  const dataset = await openSample(page, server.url);
  await page.goto(`${dataset}/settings`);
  await hydrated(page);
  const danger = page.getByRole("region", { name: "Danger zone" });
  const box = danger.getByRole("checkbox");
  await expect(box).toHaveAccessibleName(
    "Remove 6 topics, the topic of 1,117 valid records, the grader with all its versions and 1 dry run. This cannot be undone.",
  );
  await box.check();
  await danger.getByRole("button", { name: "Reset the pipeline" }).click();
  await expect(page.getByText("The pipeline was reset; every record is still there.").first()).toBeVisible();
  await expect(danger.getByText("there is nothing to reset")).toBeVisible();
  await page.goto(dataset);
  await hydrated(page);
  await expect(page.getByText("1,132 valid records")).toBeVisible();
  await expect(page.locator(".step-card--complete")).toHaveCount(1);
  await page.goto(`${dataset}?step=dryrun`);
  await expect(page.getByRole("region", { name: "Verdict" })).toBeHidden();
});

test("without JavaScript an overlay closes, and a form that is refused comes back filled", async ({ browser, page: live, server }) => {
  const dataset = await importLines(live, server.url, lines(8));
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  for (const overlay of ["records=all", "dialog=help", "dialog=add"]) {
    await page.goto(`${dataset}?step=topics&${overlay}`);
    await page.locator("dialog[open]").getByRole("link", { name: "Close", exact: true }).click();
    await expect(page).toHaveURL(`${dataset}?step=topics`);
    await expect(page.locator("dialog[open]")).toHaveCount(0);
  }

  await page.goto(`${server.url}/finetune/new`);
  await page.getByLabel("Name").fill("Ärger & Co");
  await page.getByLabel("Training objective").fill("Less of it");
  await page.getByRole("button", { name: "Create dataset" }).click();
  await expect(page.getByRole("alert").filter({ hasText: "Choose a file" })).toBeVisible();
  await expect(page.getByRole("heading", { level: 1, name: "New dataset" })).toBeVisible();
  await expect(page.getByLabel("Name")).toHaveValue("Ärger & Co");
  await expect(page.getByLabel("Training objective")).toHaveValue("Less of it");

  await page.goto(`${dataset}?dialog=add`);
  await page.getByRole("button", { name: "Add records" }).click();
  await expect(page.locator("dialog[open]").getByRole("alert").filter({ hasText: "Choose a file" })).toBeVisible();
  await page.locator("dialog[open]").getByRole("link", { name: "Close", exact: true }).click();
  await expect(page).toHaveURL(dataset);

  await page.goto(`${dataset}/settings`);
  await page.getByLabel("Longest prompt").fill("many");
  await page.getByLabel("Shortest user message").fill("12");
  await page.getByLabel("tool", { exact: true }).uncheck();
  await page.getByRole("button", { name: "Save and check again" }).click();
  await expect(page.getByText("“many” is no whole number")).toBeVisible();
  await expect(page.getByLabel("Longest prompt")).toHaveValue("many");
  await expect(page.getByLabel("Shortest user message")).toHaveValue("12");
  await expect(page.getByLabel("tool", { exact: true })).not.toBeChecked();
  await expect(page.getByLabel("user", { exact: true })).toBeChecked();
  await page.getByLabel("Name").fill("  ");
  await page.getByLabel("Training objective").fill("Kept");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Give the dataset a name.")).toBeVisible();
  await expect(page.getByLabel("Training objective")).toHaveValue("Kept");
  await expect(page.getByLabel("Longest prompt")).not.toHaveValue("many");
  await context.close();
});
