// The sample dataset: opens computed, and everything on it can be looked at.
import { expect, hydrated, test } from "../support/server";

test("the sample opens with a finished dry run", async ({ page, server }) => {
  await page.goto(server.url);
  await hydrated(page);
  await page.getByRole("button", { name: "Open the sample dataset" }).click();
  await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/, { timeout: 60_000 });
  await expect(page.getByText("1,132").first()).toBeVisible();
  // What a newcomer sees first: the verdict, and no step that asks for anything.
  await expect(page).toHaveURL(/step=dryrun/);
  await expect(page.getByRole("region", { name: "Verdict" })).toBeInViewport();
  await expect(page.locator(".step-card--complete")).toHaveCount(5);
  await expect(page.locator(".step-card--attention")).toHaveCount(0);

  await page.getByRole("link", { name: /Dry Run/ }).first().click();
  await expect(page.getByRole("region", { name: "Verdict" })).toContainText("GO");

  await page.getByRole("button", { name: /view issues/i }).or(page.getByRole("link", { name: /view issues/i })).first().click();
  await expect(page).toHaveURL(/records=invalid/);
  const overlay = page.getByRole("dialog").first();
  await expect(overlay).toContainText("Unknown role");

  await page.goBack();
  await expect(page).not.toHaveURL(/records=invalid/);
});

test("the start page and the sample read correctly without JavaScript", async ({ browser, server }) => {
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(server.url);
  await page.getByRole("button", { name: "Open the sample dataset" }).click();
  await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/, { timeout: 60_000 });
  await expect(page.getByText("1,132").first()).toBeVisible();
  await page.getByRole("link", { name: /Dry Run/ }).first().click();
  await expect(page.getByRole("region", { name: "Verdict" })).toContainText("GO");
  await context.close();
});
