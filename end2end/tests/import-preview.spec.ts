// What is in the files is shown before they are imported: formats, problems, conversations, a CSV file's columns.
import AxeBuilder from "@axe-core/playwright";
import { chatLine } from "../support/files";
import { chooseLines, createDataset, importIt, importLines, importPreview } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const csv = "Nr;Frage;Antwort\n1;Where is my parcel now, please?;In Kassel.\n2;May I change my booking?;Yes.\n";
const file = (name: string, text: string) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });

test("several files are looked at, a CSV file's columns are named, and all of it is imported", async ({ page, server }) => {
  await page.goto(`${server.url}/finetune/new`);
  await hydrated(page);
  const mixed = [chatLine(1), JSON.stringify({ prompt: "What is the capital of France?", completion: "Paris" }), "oops"].join("\n");
  await page.locator("input[type=file]").setInputFiles([file("mixed.jsonl", mixed), file("faq.csv", csv)]);
  await expect(page.getByRole("list", { name: "Chosen files" }).getByRole("listitem")).toContainText(["mixed.jsonl", "faq.csv"]);
  await page.getByRole("button", { name: "Create dataset" }).press("Enter");

  const dialog = importPreview(page);
  const first = dialog.getByRole("region", { name: "mixed.jsonl" });
  await expect(first).toContainText("3 records (1 chat, 1 prompt and completion, 1 unreadable): 2 valid.");
  await expect(first.getByText("1 record with a problem")).toBeVisible();
  await expect(first).toContainText("You are an airline agent.");
  const second = dialog.getByRole("region", { name: "faq.csv" });
  await expect(second.getByRole("alert")).toContainText("No column is said to be the prompt");

  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.filter(({ impact }) => impact === "serious" || impact === "critical").map(({ id, nodes }) => `${id} ${nodes[0].html}`)).toEqual([]);
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await dialog.locator(".dialog__body").evaluate((body) => body.scrollWidth - body.clientWidth)).toBeLessThanOrEqual(0);

  // The choice stays where it is while the file is looked at again.
  const question = second.getByLabel("What “Frage” is");
  await question.focus();
  await question.selectOption("prompt");
  await expect(second).toContainText("2 valid");
  await expect(question).toBeFocused();
  await second.getByLabel("What “Antwort” is").selectOption("completion");
  await expect(second).toContainText("In Kassel.");
  // What cannot work is not offered; going back and on again forgets nothing.
  const go = dialog.getByRole("button", { name: "Import these records" });
  await second.getByLabel("What “Frage” is").selectOption("item");
  await expect(go).toBeDisabled();
  await expect(dialog).toContainText("Say first what the columns of faq.csv are");
  await second.getByLabel("What “Frage” is").selectOption("prompt");
  await expect(go).toBeEnabled();
  await dialog.getByRole("button", { name: "Back" }).click();
  await expect(page.getByRole("button", { name: "Create dataset" })).toBeFocused();
  await page.getByRole("button", { name: "Create dataset" }).click();
  await expect(second).toContainText("In Kassel.");
  await importIt(page);

  await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/);
  await expect(page.getByText("4 valid records").first()).toBeVisible();
  await expect(page.getByText("5 records").first()).toBeVisible();
});

test("what is no data is refused by its name, and going back changes nothing", async ({ page, server, complaints }) => {
  await page.goto(`${server.url}/finetune/new`);
  await hydrated(page);
  const png = { name: "screenshot.png", mimeType: "image/png", buffer: Buffer.from("89504e470d0a1a0a0000000d49484452", "hex") };
  await page.locator("input[type=file]").setInputFiles([file("a.jsonl", chatLine(1)), png]);
  await page.getByRole("button", { name: "Create dataset" }).click();
  await expect(page.getByText("screenshot.png: ")).toBeVisible();
  await expect(page.getByText("The file is a PNG image")).toBeVisible();
  complaints.length = 0; // the refusal itself

  await page.locator("input[type=file]").setInputFiles(file("a.jsonl", chatLine(1)));
  await page.getByRole("button", { name: "Create dataset" }).click();
  await expect(importPreview(page)).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await createDataset(page);
  await expect(page.getByText("1 valid record").first()).toBeVisible();
});

test("data is added and replaced from the dataset's page", async ({ page, server }) => {
  const url = await importLines(page, server.url, [chatLine(1)]);
  await page.goto(`${url}?dialog=add`);
  await hydrated(page);
  await page.getByLabel("Pasted records").fill([chatLine(2), chatLine(3)].join("\n"));
  await page.getByRole("button", { name: "Add records" }).click();
  // A press beside the inner dialog closes that one alone.
  await expect(importPreview(page)).toContainText("2 valid");
  await page.mouse.click(3, 3);
  await expect(importPreview(page)).toHaveCount(0);
  await expect(page.getByRole("dialog", { name: "Add data" })).toBeVisible();
  await page.getByRole("button", { name: "Add records" }).click();
  await importIt(page);
  await expect(page.getByText("3 valid records").first()).toBeVisible();

  await page.goto(`${url}?dialog=replace`);
  await hydrated(page);
  await page.getByLabel("Pasted records").fill(chatLine(7));
  await page.getByRole("checkbox", { name: /Replace 3 records/ }).check();
  await page.getByRole("button", { name: "Replace records" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Replace the records" }).click();
  await expect(page.getByText("1 valid record").first()).toBeVisible();
});

test("columns of several files are named faster than the server looks, and a file is left out", async ({ page, server }) => {
  await page.goto(`${server.url}/finetune/new`);
  await hydrated(page);
  await page.locator("input[type=file]").setInputFiles([file("a.csv", csv), file("b.csv", csv), file("c.csv", csv)]);
  await page.getByRole("button", { name: "Create dataset" }).click();
  const dialog = importPreview(page);
  await expect(dialog.getByRole("region", { name: "c.csv" })).toBeVisible();
  await page.route("**/upload/preview", async (route) => {
    await new Promise((done) => setTimeout(done, 700));
    await route.continue();
  });
  for (const name of ["a.csv", "b.csv"]) {
    await dialog.getByRole("region", { name }).getByLabel("What “Frage” is").selectOption("prompt");
  }
  for (const name of ["a.csv", "b.csv"]) await expect(dialog.getByRole("region", { name })).toContainText("2 valid");
  await dialog.getByRole("button", { name: "Leave out c.csv" }).click();
  await expect(dialog.getByRole("region", { name: "c.csv" })).toHaveCount(0);
  await importIt(page);
  await expect(page.getByText("2 valid records").first()).toBeVisible();
  await expect(page.getByText("4 records").first()).toBeVisible();
});

test("a CSV file without a row of names loses none of its rows", async ({ page, server }) => {
  await page.goto(`${server.url}/finetune/new`);
  await hydrated(page);
  const rows = "Where is my parcel now?,In Kassel.\nMay I change my booking?,Yes.\n";
  await page.locator("input[type=file]").setInputFiles([file("bare.csv", rows)]);
  await page.getByRole("button", { name: "Create dataset" }).click();
  const dialog = importPreview(page);
  const bare = dialog.getByRole("region", { name: "bare.csv" });
  await expect(bare.getByRole("alert")).toContainText("No column is said to be the prompt");
  const data = bare.getByLabel("The first row is data already");
  await data.check();
  await expect(bare).toContainText("2 records (2 CSV): 2 valid.");
  await expect(bare.getByLabel("What “column 1” is")).toHaveValue("prompt");
  // A slip is undone by the same box.
  await data.uncheck();
  await expect(bare.getByLabel("What “In Kassel.” is")).toBeVisible();
  await data.check();
  await expect(bare.getByLabel("What “column 2” is")).toHaveValue("completion");
  await importIt(page);
  await expect(page.getByText("2 valid records").first()).toBeVisible();
});

test("what was chosen or pasted is not lost by a slip", async ({ page, server }) => {
  await page.goto(`${server.url}/finetune/new`);
  await hydrated(page);
  await page.locator("input[type=file]").setInputFiles([file("a.jsonl", chatLine(1)), file("b.jsonl", chatLine(2))]);
  const chosen = page.getByRole("list", { name: "Chosen files" }).getByRole("listitem");
  await page.getByRole("button", { name: "Leave out a.jsonl" }).click();
  await expect(chosen).toContainText(["b.jsonl"]);
  await page.getByRole("button", { name: "Leave out b.jsonl" }).click();
  await expect(page.getByText("Drop files here, or choose them")).toBeVisible();

  await page.getByLabel("Pasted records").fill(chatLine(3));
  await page.getByRole("link", { name: "Finetune", exact: true }).first().click();
  const question = page.getByRole("dialog", { name: "Unsaved changes" });
  await expect(question).toContainText("was not imported yet");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Pasted records")).toHaveValue(chatLine(3));

  // A file dropped beside the zone is taken too, and does not open in place of the page.
  await page.getByLabel("Pasted records").fill("");
  await page.evaluate((text) => {
    const data = new DataTransfer();
    data.items.add(new File([text], "dropped.jsonl"));
    const event = () => new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
    if (document.querySelector("h1")!.dispatchEvent(event())) throw new Error("the browser would open it");
  }, chatLine(4));
  await expect(chosen).toContainText(["dropped.jsonl"]);
  await createDataset(page);
  await expect(page.getByText("1 valid record").first()).toBeVisible();
});

test("an import is undone as a whole, and brought back", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, [chatLine(1), chatLine(2)]);
  await page.goto(`${dataset}?dialog=add`);
  await hydrated(page);
  await chooseLines(page, [chatLine(2), chatLine(3), "oops"], "second.jsonl");
  await page.getByRole("button", { name: "Add records" }).click();
  await importIt(page);
  await page.goto(`${dataset}?step=extract`);
  const row = page.getByRole("row", { name: /second\.jsonl/ });
  await expect(page.getByText("3 valid records").first()).toBeVisible();
  await row.getByRole("button", { name: "Undo" }).click();
  await expect(row).toContainText("undone");
  await expect(page.getByText("2 valid records").first()).toBeVisible();
  await page.reload();
  await row.getByRole("button", { name: "Bring back" }).click();
  await expect(page.getByText("3 valid records").first()).toBeVisible();
  await expect(row.getByRole("button", { name: "Undo" })).toBeVisible();
});
