// What is done with ticked records: across pages, deleted and brought back, exported.
import { readFileSync } from "node:fs";
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const lines = (count: number) => Array.from({ length: count }, (_, n) => chatLine(n));

test("ticked records of several pages are deleted, and come back after a reload", async ({ page, context, server }) => {
  // The last one is a copy of the first.
  const dataset = await importLines(page, server.url, [...lines(120), chatLine(0)]);
  const other = await context.newPage();
  await other.goto(dataset);
  await expect(other.getByText("120 valid records")).toBeVisible();
  await page.goto(`${dataset}?records=all`);
  await hydrated(page);
  const bulk = page.getByRole("group", { name: "Ticked records" });
  await page.getByLabel("Tick record 1", { exact: true }).check();
  await page.getByLabel("Tick record 2", { exact: true }).check();
  await page.getByRole("link", { name: "Next", exact: true }).click();
  await page.getByLabel("Tick record 51", { exact: true }).check();
  await expect(bulk).toContainText("3 records ticked");
  await page.getByRole("link", { name: "Previous", exact: true }).click();
  await expect(page.getByLabel("Tick record 2", { exact: true })).toBeChecked();

  await bulk.getByRole("button", { name: "Delete" }).click();
  await expect(bulk).toContainText("3 records deleted");
  await expect(page.getByText("1 to 50 of 118 records")).toBeVisible();
  await expect(page.getByLabel("Tick record 1", { exact: true })).toBeHidden();
  // The copy takes the place of the first; the other window hears of it.
  await expect(other.getByText("118 valid records")).toBeVisible();
  await expect(page.getByRole("link", { name: /^Duplicates/ })).toContainText("0");

  await page.reload();
  await hydrated(page);
  await bulk.getByRole("button", { name: "Undo" }).click();
  await expect(bulk).toContainText("3 records brought back.");
  await expect(page.getByText("1 to 50 of 121 records")).toBeVisible();
  await expect(page.locator(".record-row").first()).toContainText("number 0");
  await expect(other.getByText("120 valid records")).toBeVisible();
  await expect(page.getByRole("link", { name: /^Duplicates/ })).toContainText("1");
});

test("all that match are ticked at once, and exported as they are", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines(120));
  await page.goto(`${dataset}?records=all&q=seat`);
  await hydrated(page);
  const bulk = page.getByRole("group", { name: "Ticked records" });
  await page.getByLabel("Tick record 4", { exact: true }).check();
  await bulk.getByRole("button", { name: "Tick all 30" }).click();
  await expect(bulk).toContainText("30 records ticked");
  const coming = page.waitForEvent("download");
  await bulk.getByRole("button", { name: "Export" }).click();
  const rows = readFileSync(await (await coming).path(), "utf8").trim().split("\n");
  expect(rows).toHaveLength(30);
  expect(rows.every((row) => row.includes("change my seat"))).toBe(true);
  await expect(bulk).toContainText("30 records ticked");

  // The record that is being read goes, too.
  await page.locator("#record-row-4").click();
  await expect(page.getByRole("region", { name: "Record 4" })).toBeVisible();
  await bulk.getByRole("button", { name: "Delete" }).click();
  await expect(page.getByRole("region", { name: "Record 4" })).toBeHidden();
  await expect(page.getByText("No record matches.")).toBeVisible();
  await bulk.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("1 to 30 of 30 records")).toBeVisible();
});

test("records are filtered by their score in the newest dry run", async ({ page, server }) => {
  await page.goto(server.url);
  await hydrated(page);
  await page.getByRole("button", { name: "Open the sample dataset" }).click();
  await expect(page).toHaveURL(/step=dryrun/, { timeout: 60_000 });
  await page.goto(`${page.url().split(/[?#]/)[0]}?records=all`);
  await hydrated(page);
  await page.getByLabel("Filter by score in the newest dry run").selectOption("0-20");
  await expect(page).toHaveURL(/records=all&score=0-20/);
  await expect(page.getByText("Only score 0.00 to 0.20 in the newest dry run")).toBeVisible();
  await expect(page.getByText(/^1 to \d\d of \d\d records$/)).toBeVisible();
  // The other filters keep it.
  await page.getByRole("link", { name: /^Valid/ }).first().click();
  await expect(page).toHaveURL(/records=valid&score=0-20/);
});
