// Where a token is set: signing in leads back to what was asked for, in the middle of work too.
import type { Page } from "@playwright/test";
import { field, writeCode } from "../support/code";
import { chatLine, lengthGrader } from "../support/files";
import { chooseLines, createDataset } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const token = "0123456789abcdef-journey";

test("whoever is signed out comes back to the same place", async ({ page, server, complaints }) => {
  await server.stop();
  server.variables = { ANNEAL_TOKEN: token };
  await server.start();
  const signIn = async (page: Page) => {
    await page.getByLabel("Access token").fill(token);
    await page.getByRole("button", { name: "Sign in" }).click();
  };

  await page.goto(`${server.url}/finetune/new?from=a-link`);
  await signIn(page);
  await expect(page).toHaveURL(`${server.url}/finetune/new?from=a-link`);
  await hydrated(page);
  await chooseLines(page, Array.from({ length: 20 }, (_, n) => chatLine(n)));
  await createDataset(page);
  await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/);
  await page.getByRole("link", { name: /Grader Config/ }).click();
  await writeCode(page, lengthGrader);
  await expect(page).toHaveURL(/step=grader/);
  const place = page.url();

  // The cookie has expired: signed in beside it, what was typed is saved after all.
  await page.context().clearCookies();
  await page.getByRole("button", { name: "Save grader" }).click();
  const link = page.getByRole("link", { name: "Sign in" });
  await expect(link.first()).toBeVisible();
  const [beside] = await Promise.all([page.waitForEvent("popup"), link.first().click()]);
  await signIn(beside);
  await expect(beside).toHaveURL(place);
  await beside.close();
  await expect(field(page)).toHaveValue(lengthGrader);
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByRole("link", { name: "Sign in" })).toHaveCount(0);
  await expect(page.getByText(/version 1/i).first()).toBeVisible();

  // The server is gone: that is said in words, not in the browser's.
  await writeCode(page, `${lengthGrader}\n`);
  await server.stop();
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByText("The server could not be reached: it has stopped, or the connection to it is broken.").first()).toBeVisible();
  await expect(page.getByText(/error reaching server|Failed to fetch/)).toHaveCount(0);
  // Refusals and the broken connection are what the test is about.
  complaints.length = 0;
});
