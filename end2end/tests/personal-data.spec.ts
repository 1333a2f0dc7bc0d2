// Personal data: counted, filtered by, marked where a record is read, masked in a download; nothing stored changes.
import AxeBuilder from "@axe-core/playwright";
import { readFileSync } from "node:fs";
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const personal = JSON.stringify({
  messages: [
    { role: "user", content: "I am ann@example.com; please call +49 30 1234567 about order 415-555-0123." },
    { role: "assistant", content: null, tool_calls: [{ id: "c1", type: "function", function: { name: "find", arguments: '{"mail":"ann@example.com"}' } }] },
    { role: "tool", tool_call_id: "c1", content: "{}" },
    { role: "user", content: "And write to bob@example.com as well, would you?" },
  ],
});

test("personal data is seen and masked", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, [...Array.from({ length: 5 }, (_, n) => chatLine(n)), personal]);
  await page.goto(`${dataset}?step=extract`);
  await hydrated(page);
  const counts = page.getByRole("list", { name: "Records with personal data" });
  await expect(counts).toContainText("e-mail addresses");
  await expect(counts).toContainText("1 record");
  await counts.getByRole("link", { name: "phone numbers" }).click();

  // The list is narrowed, and the address says so.
  await expect(page).toHaveURL(/records=all&pii=phone/);
  const overlay = page.getByRole("dialog", { name: "Records" });
  await expect(overlay.getByText("Only with phone numbers")).toBeVisible();
  await expect(overlay.getByRole("button", { name: /would you\?/ })).toHaveCount(1);
  await overlay.getByLabel("Filter by personal data").selectOption({ label: "Any personal data (1)" });
  await expect(page).toHaveURL(/pii=any/);
  await page.reload();
  await hydrated(page);
  await overlay.getByRole("button", { name: /would you\?/ }).click();

  // Marked in the conversation and in the tool's arguments, with its kind in words; the order number is none.
  const marks = page.locator("mark.pii");
  await expect(marks).toHaveText(["e-mail address: ann@example.com", "phone number: +49 30 1234567", /ann@example\.com/, /bob@example\.com/]);
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id }) => id)).toEqual([]);

  await page.goto(`${dataset}?dialog=download`);
  await hydrated(page);
  const dialog = page.getByRole("dialog", { name: "Download records" });
  await dialog.getByLabel("Personal data and keys").selectOption("numbered");
  const [download] = await Promise.all([page.waitForEvent("download"), dialog.getByRole("button", { name: "Download" }).click()]);
  expect(download.suggestedFilename()).toMatch(/-records-masked\.jsonl$/);
  const masked = readFileSync(await download.path(), "utf8");
  expect(masked).toContain("I am [EMAIL_1]; please call [PHONE_1] about order 415-555-0123.");
  expect(masked).toContain('{\\"mail\\":\\"[EMAIL_1]\\"}');
  expect(masked).toContain("write to [EMAIL_2] as well");

  // What is stored is as it was, and the masked file is a dataset of its own.
  const plain = await (await page.request.get(`${dataset.replace("/finetune/", "/download/")}/records.jsonl`)).text();
  expect(plain).toContain("ann@example.com");
  await importLines(page, server.url, masked.trimEnd().split("\n"));
  await expect(page.getByText("6 valid records").first()).toBeVisible();
});
