// Near-duplicates: found after an import, looked at, kept to one each, brought back; the split knows of them.
import { RECORD, writeCode } from "../support/code";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const line = (text: string) => JSON.stringify({ messages: [{ role: "user", content: text }, { role: "assistant", content: "On its way." }] });
const question = (order: number, end: string) => `Where is my parcel with the order number ${order}? It should have come to my office last ${end}.`;

// Order 0 three times and order 1 twice in nearly the same words, and twenty that are asked after once.
const lines = [
  ...["Monday", "Tuesday", "week"].map((end) => line(question(0, end))),
  ...["Monday", "week"].map((end) => line(question(1, end))),
  ...Array.from({ length: 20 }, (_, n) => line(question(n + 10, "Monday"))),
];

test("near-duplicates are looked at, kept to one of each, and brought back", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines);
  await page.goto(`${dataset}?step=extract`);
  await hydrated(page);
  // The look that follows the import by itself.
  await expect(page.getByText("5 records in 2 near-duplicate clusters.")).toBeVisible();
  await page.getByRole("link", { name: "Look at them" }).click();
  await expect(page).toHaveURL(/records=near/);
  const records = page.getByRole("dialog", { name: "Records" });
  const clusters = page.getByRole("list", { name: "Clusters of near-duplicates" });
  await expect(clusters.getByRole("heading", { name: "3 records" })).toBeVisible();
  await expect(clusters.getByText("kept", { exact: true })).toHaveCount(2);
  await expect(clusters.getByText("88%")).toHaveCount(3);

  // A record beside the list; back closes it.
  await clusters.getByRole("link", { name: /number 0\?.*Tuesday/ }).click();
  await expect(page.getByRole("region", { name: "Record 2" })).toContainText("last Tuesday");
  await page.getByRole("button", { name: "Close record" }).click();

  // One is set aside, and comes back.
  await clusters.getByRole("button", { name: "Not duplicates: keep all" }).last().click();
  await expect(clusters.getByRole("heading", { name: "2 records" })).toBeHidden();
  await page.getByRole("button", { name: "Bring back 1 cluster set aside" }).click();
  await expect(clusters.getByRole("heading", { name: "2 records" })).toBeVisible();

  await clusters.getByRole("button", { name: "Keep one: delete 1" }).click();
  const ask = page.getByRole("dialog", { name: "Delete 1 record?" });
  await expect(ask).toContainText("For a day this can be undone");
  await ask.getByRole("button", { name: "Keep all" }).click();
  await expect(clusters.getByRole("heading", { name: "2 records" })).toBeVisible();
  await page.getByRole("button", { name: "Keep one of each: delete 3" }).click();
  await page.getByRole("dialog", { name: "Delete 3 records?" }).getByRole("button", { name: "Delete them" }).click();
  await expect(records.getByText("No near-duplicates; 25 valid records compared.")).toBeVisible();
  await expect(page.getByText("No cluster here.")).toBeVisible();

  // As with any deletion; what came back is looked at again by itself.
  await page.getByRole("group", { name: "Ticked records" }).getByRole("button", { name: "Undo" }).click();
  await expect(clusters.getByRole("heading", { name: "3 records" })).toBeVisible();
  await expect(records.getByText("5 records in 2 near-duplicate clusters.")).toBeVisible();

  await page.getByLabel("How alike prompts must be").selectOption("0.9");
  await expect(records.getByText("No near-duplicates; 25 valid records compared.")).toBeVisible();
  await expect(page).toHaveURL(/records=near/);
  await page.getByRole("link", { name: /^All/ }).first().click();
  await expect(page.getByText("1 to 25 of 25 records")).toBeVisible();
});

test("the split says what it keeps together", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines);
  await page.goto(`${dataset}?step=train`);
  await hydrated(page);
  await expect(page.getByText("2 clusters of near-duplicates kept together: no two records that say nearly the same stand in both files.")).toBeVisible();
  // An edit makes that unsure, until somebody looks again.
  await page.goto(`${dataset}?step=train&records=all&record=25`);
  await hydrated(page);
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await writeCode(page, JSON.stringify({ input: { messages: [{ role: "user", content: question(1, "Friday") }] } }), RECORD);
  await page.getByRole("button", { name: "Save record" }).click();
  await expect(page.getByText("Saved. Now it is")).toBeVisible();
  await page.goto(`${dataset}?step=train`);
  await hydrated(page);
  await expect(page.getByText(/The records have changed since near-duplicates were looked for: some may stand in both files/)).toBeVisible();
  await page.getByRole("button", { name: "Look again" }).click();
  await expect(page.getByText(/^2 clusters of near-duplicates kept together/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Look again" })).toBeHidden();
});
