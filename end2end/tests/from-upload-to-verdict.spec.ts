// From the empty database to a verdict: upload, topics, grader, dry run.
import { writeCode } from "../support/code";
import { airlineFile, airlineTopics, lengthGrader } from "../support/files";
import { createDataset } from "../support/import";
import { expect, hydrated, test } from "../support/server";

test("a user uploads traces and gets a verdict", async ({ page, server }) => {
  const file = airlineFile();

  await page.goto(server.url);
  await expect(page).toHaveURL(/\/finetune$/);
  await expect(page.getByRole("heading", { name: "No datasets yet" })).toBeVisible();
  await page.getByRole("link", { name: "Import traces" }).first().click();

  await hydrated(page);
  await page.locator("input[type=file]").setInputFiles(file);
  await page.getByLabel("Name").fill("airline support");
  await createDataset(page);
  await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/);
  const health = page.getByRole("region", { name: "State of the records" });
  await expect(health).toContainText("valid records");
  await expect(page.getByRole("listitem").filter({ hasText: "Extract Data" })).toContainText(`${file.records} records`);

  await page.getByRole("link", { name: /Topics & Category/ }).click();
  await expect(page).toHaveURL(/step=topics/);
  await page.getByRole("button", { name: "Import JSON…" }).click();
  await page.locator("form textarea, .topic-form textarea, textarea").last().fill(airlineTopics);
  await page.getByRole("button", { name: "Import topics" }).click();
  await expect(page.getByRole("list", { name: "Topics" })).toContainText("cancellations");
  await page.getByRole("button", { name: /^Label/ }).first().click();
  await expect(page.getByRole("listitem").filter({ hasText: "Topics & Category" })).toContainText("4 topics");

  await page.getByRole("link", { name: /Coverage Analysis/ }).click();
  await expect(page.locator("#step-panel-body")).toContainText(/balance/i);

  await page.getByRole("link", { name: /Grader Config/ }).click();
  await writeCode(page, lengthGrader);
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByText("Version 1").first()).toBeVisible();
  await page.getByRole("button", { name: /^Test on 5/ }).click();
  await expect(page.getByText(/the response has \d+ characters/).first()).toBeVisible();

  await page.getByRole("link", { name: /Dry Run/ }).first().click();
  await page.getByRole("button", { name: /dry run/i }).first().click();
  await page.getByRole("button", { name: "Start dry run" }).click();
  const verdict = page.getByRole("region", { name: "Verdict" });
  await expect(verdict).toBeVisible({ timeout: 60_000 });
  await expect(verdict).toContainText(/GO|CAUTION/);
  await expect(page.getByRole("img", { name: /score/i }).first()).toBeVisible();

  // What is on the page is in the URL and in the store: a reload shows the same.
  const word = await verdict.locator(".verdict__word").innerText();
  await page.reload();
  await expect(page.getByRole("region", { name: "Verdict" }).locator(".verdict__word")).toHaveText(word);
});
