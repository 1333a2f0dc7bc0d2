// Editing a record: what another person did meanwhile is shown, breaking it is asked first, a save can be undone.
import { codeEditor, field, RECORD, rewriteCode } from "../support/code";
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";
import type { Page } from "@playwright/test";

async function openEditor(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await hydrated(page);
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await expect(editor(page)).toBeVisible();
}

const editor = (page: Page) => codeEditor(page, RECORD);

async function retype(page: Page, from: string, to: string): Promise<void> {
  await expect(field(page, RECORD)).toHaveValue(new RegExp(from));
  await rewriteCode(page, (text) => text.replace(from, to), RECORD);
}

test("two people edit one record", async ({ page, context, server, complaints }) => {
  const dataset = await importLines(page, server.url, Array.from({ length: 12 }, (_, n) => chatLine(n)));
  await expect(page.getByText("12 valid records").first()).toBeVisible();

  const url = `${dataset}?records=all&record=1`;
  await openEditor(page, url);
  const other = await context.newPage();
  await openEditor(other, url);
  await retype(other, "cancel my reservation", "give me my money back");
  await other.getByRole("button", { name: "Save record" }).click();
  await expect(other.getByText("Saved. Now it is")).toBeVisible();

  // The first one saves over it only after having seen it.
  await retype(page, "cancel my reservation", "cancel everything");
  await page.getByRole("button", { name: "Save record" }).click();
  await expect(page.getByRole("alert")).toContainText("changed elsewhere");
  await expect(field(page, RECORD)).toHaveValue(/cancel everything/);
  await page.getByRole("button", { name: "Keep my text and save it" }).click();
  await expect(page.getByText("Saved. Now it is")).toBeVisible();

  // Undo brings back what was there before.
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(field(page, RECORD)).toHaveValue(/give me my money back/);

  // A text that breaks a rule is asked about, and its reason named.
  await retype(page, '"role": "user"', '"role": "robot"');
  await page.getByRole("button", { name: "Save record" }).click();
  const question = page.getByRole("dialog", { name: "This makes the record invalid" });
  await expect(question).toContainText("Unknown role");
  await question.getByRole("button", { name: "Go on editing" }).click();
  await expect(page.getByText("Saved. Now it is")).toBeHidden();
  await page.getByRole("button", { name: "Save record" }).click();
  await question.getByRole("button", { name: "Save all the same" }).click();
  await expect(page.getByText("Saved. Now it is")).toBeVisible();
  await expect(page.getByText("11 valid records").first()).toBeVisible();
  await page.getByRole("button", { name: "Undo" }).click();
  await expect(page.getByText("12 valid records").first()).toBeVisible();
  // The refused saves are what the test is about; the browser logs their status codes.
  const other_than_refusals = complaints.filter((line) => !/status of 4(09|22)/.test(line));
  complaints.length = 0;
  expect(other_than_refusals).toEqual([]);
});

test("a file that is no data leads on, to another file or away", async ({ page, server }) => {
  // Imported unseen, as the form does it without JavaScript.
  const file = { name: "screenshot.png", mimeType: "image/png", buffer: Buffer.from("89504e470d0a1a0a0000000d49484452", "hex") };
  const upload = await page.request.post(`${server.url}/upload`, { headers: { accept: "application/json" }, multipart: { file } });
  await page.goto(`${server.url}/finetune/${(await upload.json()).dataset_id}`);
  await hydrated(page);
  const nothing = page.getByRole("region", { name: "Nothing was imported" });
  await expect(nothing.getByRole("link", { name: "Try another file" })).toBeVisible();
  await nothing.getByRole("link", { name: "Delete this dataset" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete the dataset" }).click();
  await expect(page).toHaveURL(/\/finetune$/);
  await expect(page.getByRole("heading", { name: "No datasets yet" })).toBeVisible();
});

test("a dataset is deleted from its menu in the list", async ({ page, server }) => {
  await page.goto(server.url);
  await hydrated(page);
  await page.getByRole("button", { name: "Open the sample dataset" }).click();
  await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/, { timeout: 60_000 });
  await page.goto(`${server.url}/finetune`);
  await hydrated(page);
  await page.getByLabel(/^Actions for/).click();
  await expect(page.locator('a[href^="/finetune/"]', { hasText: "Settings" })).toBeVisible();
  await page.getByRole("link", { name: "Delete…" }).click();
  const question = page.getByRole("dialog", { name: "Delete this dataset?" });
  await expect(question).toContainText("1,200 records");
  await question.getByRole("button", { name: "Delete the dataset" }).click();
  await expect(page.getByRole("heading", { name: "No datasets yet" })).toBeVisible();
});
