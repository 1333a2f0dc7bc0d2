// The server is killed in the middle of a dry run; the page comes back and the run ends by itself.
import { writeCode } from "../support/code";
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const slowGrader = `function grade(input) {
  let x = 0;
  for (let i = 0; i < 20000; i++) { x += i % 7; }
  return (input.response.length % 97) / 97 + 0 * x;
}`;

test("a dry run outlives the server that started it", async ({ page, server, complaints }) => {
  await importLines(page, server.url, Array.from({ length: 600 }, (_, n) => chatLine(n)));
  await expect(page.getByText("600").first()).toBeVisible();

  await page.getByRole("link", { name: /Grader Config/ }).click();
  await writeCode(page, slowGrader);
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByText("Version 1").first()).toBeVisible();

  await page.getByRole("link", { name: /Dry Run/ }).first().click();
  await page.getByRole("button", { name: /dry run/i }).first().click();
  await page.getByLabel("Sample size").fill("600");
  await page.getByRole("button", { name: "Start dry run" }).click();
  await expect(page.getByText(/\d+ of 600|\d+ graded/).first()).toBeVisible();

  await server.stop("SIGKILL");
  const offline = page.getByText("Reconnecting…");
  await expect(offline).toBeVisible();
  await server.start();
  await expect(offline).toBeHidden();
  await expect(page.getByRole("region", { name: "Verdict" })).toBeVisible({ timeout: 90_000 });
  await expect(page.locator("#step-panel-body")).toContainText("600");
  // The broken connection is what the test is about.
  complaints.length = 0;
});
