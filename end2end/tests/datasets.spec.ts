// The list of datasets: a copy, an export, a deletion and its undo, with and without JavaScript.
import { RECORD, rewriteCode } from "../support/code";
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const lines = (count: number) => Array.from({ length: count }, (_, n) => chatLine(n));

test("a dataset is duplicated, deleted, and brought back from the message and from the list", async ({ page, context, server }) => {
  await importLines(page, server.url, lines(30));
  await page.goto(`${server.url}/finetune`);
  await hydrated(page);
  await page.getByLabel("Actions for chats").click();
  const coming = page.waitForEvent("download");
  await page.getByRole("link", { name: "Export as chat JSONL" }).click();
  expect((await coming).suggestedFilename()).toBe("chats-records.jsonl");
  await page.getByLabel("Actions for chats").click();
  await page.getByRole("button", { name: "Duplicate" }).click();
  await expect(page.getByRole("heading", { name: "chats (copy)" })).toBeVisible();
  await expect(page.getByText("30 valid records").first()).toBeVisible();
  const copy = page.url();

  // Another tab has it open while it is deleted here.
  const other = await context.newPage();
  await other.goto(copy);
  await hydrated(other);
  await page.goto(`${server.url}/finetune`);
  await hydrated(page);
  const remove = async () => {
    await page.getByLabel("Actions for chats (copy)").click();
    await page.getByRole("link", { name: "Delete…" }).click();
    await page.getByRole("dialog").getByRole("button", { name: "Delete the dataset" }).click();
    await expect(page.getByRole("link", { name: "chats (copy)" })).toBeHidden();
  };
  await remove();
  await page.getByRole("region", { name: "Notifications" }).getByRole("button", { name: "Undo" }).click();
  await expect(page.getByRole("link", { name: "chats (copy)" })).toBeVisible();
  await expect(other.getByText("was deleted").first()).toBeVisible();
  await other.getByRole("button", { name: "Bring it back" }).click();
  await expect(other.getByText("30 valid records").first()).toBeVisible();

  await remove();
  await page.reload();
  await hydrated(page);
  const deleted = page.getByRole("region", { name: "Recently deleted" });
  await expect(deleted).toContainText("30 records");
  await deleted.getByRole("button", { name: "Bring chats (copy) back" }).click();
  await expect(page.getByRole("link", { name: "chats (copy)" })).toBeVisible();
  await expect(deleted).toBeHidden();
});

test("without JavaScript a dataset is duplicated, and brought back", async ({ page, browser, server }) => {
  await importLines(page, server.url, lines(12));
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(`${server.url}/finetune`);
  await plain.getByLabel("Actions for chats").click();
  await plain.getByRole("button", { name: "Duplicate" }).click();
  await expect(plain.getByRole("heading", { name: "chats (copy)" })).toBeVisible();
  await plain.goto(`${plain.url()}/settings`);
  await plain.getByLabel(/^Type /).fill("chats (copy)");
  await plain.getByRole("button", { name: "Delete this dataset" }).click();
  await expect(plain).toHaveURL(/\/finetune$/);
  await plain.getByRole("button", { name: "Bring chats (copy) back" }).click();
  await expect(plain.getByRole("link", { name: "chats (copy)" })).toBeVisible();
  await context.close();
});

test("a record's former version is looked at and brought back", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines(12));
  await page.goto(`${dataset}?records=all&record=1`);
  await hydrated(page);
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await rewriteCode(page, (text) => text.replace("cancel my reservation", "give me my money back"), RECORD);
  await page.getByRole("button", { name: "Save record" }).click();
  await expect(page.getByText("Saved. Now it is")).toBeVisible();
  await page.goto(`${dataset}?records=all&record=1`);
  await hydrated(page);
  const pane = page.getByRole("region", { name: "Record 1" });
  await pane.getByText("Passport", { exact: true }).click();
  await expect(pane).toContainText("Line 1 of “chats.jsonl”, read as chat");
  await expect(pane).toContainText("No dry run has sampled it.");
  await pane.getByRole("button", { name: "What it was" }).click();
  await expect(pane.getByText("cancel my reservation")).toBeVisible();
  await pane.getByRole("button", { name: "Bring it back" }).click();
  await expect(pane.getByText("A former version brought back; it was valid")).toBeVisible();
  await expect(pane.locator(".message--user")).toContainText("cancel my reservation");
});
