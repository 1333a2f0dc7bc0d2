// The rules' form says what saving it would do, before it is saved; the newest question counts.
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const prompt = (length: number, n: number) => JSON.stringify({ messages: [{ role: "user", content: `${n}`.padStart(length, "a") }] });

test("what other rules would do is told before they are saved", async ({ page, server, complaints }) => {
  const lines = [5, 20, 40].flatMap((length) => Array.from({ length: 4 }, (_, n) => prompt(length, n)));
  const dataset = await importLines(page, server.url, lines);
  await expect(page.getByText("8 valid records").first()).toBeVisible();
  await page.goto(`${dataset}/settings`);
  await hydrated(page);
  const minimum = page.getByLabel("Shortest user message");
  const says = page.locator(".rules-preview");

  await minimum.fill("4");
  await expect(says).toHaveText("Would free 4 records (4 user message too short).");
  // Typed on: the former answer does not come late.
  await minimum.fill("3");
  await minimum.fill("30");
  await expect(says).toHaveText("Would reject 4 records (4 user message too short).");
  await page.getByLabel("assistant").uncheck();
  await expect(says).toHaveText("Would reject 4 records (4 user message too short).");
  await minimum.fill("x");
  await expect(says).toContainText("is no whole number");
  // Nothing was stored meanwhile; saved, it is as it was said.
  await minimum.fill("4");
  await expect(says).toHaveText("Would free 4 records (4 user message too short).");
  await page.getByRole("button", { name: "Save and check again" }).click();
  await expect(says).toBeEmpty();
  // The counts beside follow the check.
  await expect(page.locator(".settings-facts__row", { hasText: /^Valid/ })).toHaveText("Valid12");
  await page.goto(dataset);
  await expect(page.getByText("12 valid records").first()).toBeVisible();
  // The number that is none was refused, and the browser logs the status.
  const others = complaints.filter((line) => !/status of 422/.test(line));
  complaints.splice(0, complaints.length, ...others);
});
