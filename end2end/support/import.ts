// Giving the product data the way a person does: choose, look at what was found, import.
import type { Page } from "@playwright/test";
import { expect, hydrated } from "./server";

/** What is shown of chosen data before anything is stored. */
export const importPreview = (page: Page) => page.getByRole("dialog", { name: "Before it is imported" });

/** Confirms what was found in the chosen data. */
export async function importIt(page: Page): Promise<void> {
  await importPreview(page).getByRole("button", { name: "Import these records" }).click();
}

/** Sends the form of a new dataset: what was chosen is shown first, then imported. */
export async function createDataset(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Create dataset" }).click();
  await importIt(page);
}

/** Chooses a file of these lines on the page that is open. */
export async function chooseLines(page: Page, lines: string[], name = "chats.jsonl"): Promise<void> {
  await page.locator("input[type=file]").setInputFiles({ name, mimeType: "application/jsonl", buffer: Buffer.from(lines.join("\n")) });
}

/** Makes a dataset of these lines; gives its address. */
export async function importLines(page: Page, url: string, lines: string[]): Promise<string> {
  await page.goto(`${url}/finetune/new`);
  await hydrated(page);
  await chooseLines(page, lines);
  await createDataset(page);
  await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/);
  await expect(page.getByText(/valid record/).first()).toBeVisible();
  return page.url().split("?")[0];
}
