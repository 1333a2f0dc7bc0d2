// What the pages owe a person: unsaved text is asked about, a deletion elsewhere is said, dialogs start where they do no
// harm, foreign text stays foreign, and nothing of it needs JavaScript that could do without.
import { codeEditor, field, RECORD, rewriteCode, writeCode } from "../support/code";
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";
import type { Page } from "@playwright/test";

const lines = (count: number) => Array.from({ length: count }, (_, n) => chatLine(n));
const editor = (page: Page) => codeEditor(page, RECORD);

async function type(page: Page): Promise<void> {
  await rewriteCode(page, (text) => text.replace("{", "{ "), RECORD);
  await expect(page.getByText("Unsaved changes").first()).toBeVisible();
}

test("an unsaved edit is shown, and asked about on every way out", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines(8));
  await page.goto(`${dataset}?records=all`);
  await hydrated(page);
  await page.locator("#record-row-1").click();
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await type(page);
  const question = page.getByRole("dialog", { name: "Unsaved changes" });
  const stay = async () => {
    await expect(question).toBeVisible();
    await expect(question.getByRole("button", { name: "Go on editing" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(question).toBeHidden();
    await expect(field(page, RECORD)).toHaveValue(/^\{ /);
    await expect(page).toHaveURL(/record=1/);
  };
  // Back, a link, a list that filters, another row, Esc.
  await page.goBack();
  await stay();
  await page.getByRole("link", { name: /^Invalid/ }).first().click();
  await stay();
  await page.getByRole("searchbox", { name: "Search in prompts and answers" }).fill("money");
  await page.keyboard.press("Enter");
  await stay();
  await page.locator("#record-row-2").click();
  await stay();
  await page.goBack();
  await question.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page).not.toHaveURL(/record=1/);
  await expect(editor(page)).toBeHidden();
});

test("an unsaved grader is asked about when the dataset is left, and kept by its other steps", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines(8));
  await page.goto(`${dataset}?step=grader`);
  await hydrated(page);
  await writeCode(page, "function grade(input) { return 0.5; }");
  await page.getByRole("link", { name: /Coverage Analysis/ }).first().click();
  await expect(page).toHaveURL(/step=coverage/);
  await page.getByRole("link", { name: "Finetune" }).first().click();
  const question = page.getByRole("dialog", { name: "Unsaved changes" });
  await question.getByRole("button", { name: "Go on editing" }).click();
  await expect(page).toHaveURL(/step=coverage/);
  await page.getByRole("link", { name: "Finetune" }).first().click();
  await question.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page).toHaveURL(/\/finetune$/);

  // A link past the router is still one: the page is loaded.
  await page.goto(`${dataset}?step=grader`);
  await hydrated(page);
  await writeCode(page, "function grade(input) { return 0.5; }");
  await page.evaluate(() => {
    Object.assign(window, { isFormerPage: true });
    document.querySelector("main")?.insertAdjacentHTML("beforebegin", '<a rel="external" href="/finetune">Past the router</a>');
  });
  await page.getByRole("link", { name: "Past the router" }).click();
  await question.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page).toHaveURL(/\/finetune$/);
  await hydrated(page);
  expect(await page.evaluate(() => "isFormerPage" in window)).toBe(false);
});

test("a filter that was not applied is not shown, and a press beside the question closes the question alone", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, ["{broken", ...lines(8)]);
  await page.goto(`${dataset}?records=all&record=2`);
  await hydrated(page);
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await type(page);
  const question = page.getByRole("dialog", { name: "Unsaved changes" });
  const errors = page.getByLabel("Filter by error");
  const broken = await errors.locator("option").nth(1).getAttribute("value");
  for (let time = 0; time < 2; time += 1) {
    await errors.selectOption(broken);
    await question.getByRole("button", { name: "Go on editing" }).click();
    await expect(question).toBeHidden();
    await expect(errors).toHaveValue("");
  }

  await page.getByRole("button", { name: "Close record" }).click();
  await expect(question).toBeVisible();
  await page.mouse.click(3, 3);
  await expect(question).toBeHidden();
  await expect(page).toHaveURL(/record=2/);
  await expect(editor(page)).toBeVisible();

  await errors.selectOption(broken);
  await question.getByRole("button", { name: "Leave without saving" }).click();
  await expect(page).toHaveURL(/error=/);
  await expect(errors).toHaveValue(broken ?? "");
});

test("of two unsaved things each is asked about, and none is given up before the last answer", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines(8));
  const name = (await page.getByRole("heading", { level: 1 }).textContent()) ?? "";
  await page.goto(`${server.url}/finetune`);
  await hydrated(page);
  await page.getByRole("link", { name, exact: true }).click();
  await page.getByRole("link", { name: /Grader Config/ }).first().click();
  await writeCode(page, "function grade(input) { return 0.5; }");
  await page.getByRole("link", { name: "Records", exact: true }).first().click();
  await page.locator("#record-row-1").click();
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await type(page);
  const question = page.getByRole("dialog", { name: "Unsaved changes" });
  const of = (words: string) => question.filter({ hasText: words });
  const leave = (words: string) => of(words).getByRole("button", { name: "Leave without saving" }).click();
  // List, dataset, step, records, record.
  await page.evaluate(() => history.go(-4));
  await leave("The grader is not saved");
  await expect(of("in this record").getByRole("button", { name: "Go on editing" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(question).toBeHidden();
  await expect(page).toHaveURL(/record=1/);
  await expect(page.getByText("Unsaved changes").first()).toBeVisible();
  // The question has put the record's address right after the list's.
  await page.goBack();
  await leave("The grader is not saved");
  await leave("in this record");
  await expect(page).toHaveURL(/\/finetune$/);
});

test("a dataset is deleted with a grader unsaved: that alone is asked, and the page does not say it was somebody else", async ({ page, server }) => {
  // Sent as a browser without JavaScript does it, which has no look at the file beforehand.
  const png = { name: "a.png", mimeType: "image/png", buffer: Buffer.from("89504e470d0a1a0a0000000d49484452", "hex") };
  const answer = await page.request.post(`${server.url}/upload`, { multipart: { name: "a picture", file: png }, headers: { origin: server.url } });
  const dataset = answer.url().split("?")[0];
  await page.goto(`${dataset}?step=grader`);
  await hydrated(page);
  await writeCode(page, "function grade(input) { return 0.5; }");
  await page.getByRole("link", { name: /Extract/ }).first().click();
  await page.route("**/api/datasets/delete", async (route) => {
    const answer = await route.fetch();
    await new Promise((done) => setTimeout(done, 1_000));
    await route.fulfill({ response: answer });
  });
  await page.evaluate(() => {
    const seen = () => document.body.innerText.includes("was deleted") && document.body.setAttribute("data-seen", "true");
    new MutationObserver(seen).observe(document.body, { childList: true, subtree: true });
  });
  await page.getByRole("region", { name: "Nothing was imported" }).getByRole("link", { name: "Delete this dataset" }).click();
  await expect(page.getByRole("dialog", { name: "Unsaved changes" })).toBeHidden();
  await page.getByRole("dialog", { name: "Delete this dataset?" }).getByRole("button", { name: "Delete the dataset" }).click();
  await expect(page).toHaveURL(/\/finetune$/);
  await expect(page.getByRole("heading", { name: "No datasets yet" })).toBeVisible();
  await expect(page.locator("body")).not.toHaveAttribute("data-seen");
});

test("what is typed outlives a deletion elsewhere, under a note", async ({ page, context, server }) => {
  const dataset = await importLines(page, server.url, lines(8));
  await page.goto(`${dataset}?step=grader`);
  await hydrated(page);
  const script = field(page);
  await writeCode(page, "function grade(input) { return 0.5; }");
  await page.getByRole("link", { name: "Records", exact: true }).first().click();
  await page.locator("#record-row-1").click();
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await type(page);

  // Renamed first: the form then wants the new name.
  const other = await context.newPage();
  await other.goto(`${dataset}/settings`);
  await hydrated(other);
  await other.getByLabel("Name").fill("Renamed");
  await other.getByRole("button", { name: "Save", exact: true }).click();
  await expect(other.getByRole("link", { name: "Renamed" })).toBeVisible();
  await expect(other).toHaveTitle(/Settings of Renamed/);
  // The first page has heard of it: asked in the midst of the deletion, the server would have to answer 404.
  await expect(page).toHaveTitle(/Renamed/);
  await other.getByLabel("Type “Renamed” to confirm").fill("Renamed");
  await other.getByRole("button", { name: "Delete this dataset" }).click();
  await expect(other).toHaveURL(/\/finetune$/);

  const pane = page.getByRole("region", { name: "Record 1" });
  await expect(pane.getByRole("alert").filter({ hasText: "was deleted elsewhere" })).toBeVisible();
  await expect(field(page, RECORD)).toHaveValue(/^\{ /);
  await page.getByRole("button", { name: "Close record" }).click();
  await page.getByRole("dialog", { name: "Unsaved changes" }).getByRole("button", { name: "Leave without saving" }).click();
  await page.getByRole("dialog", { name: "Records" }).getByRole("button", { name: "Close", exact: true }).click();
  await expect(script).toHaveValue("function grade(input) { return 0.5; }");
  await expect(page.getByRole("alert").filter({ hasText: "was deleted elsewhere" }).first()).toBeVisible();
  await page.getByRole("button", { name: "Discard changes" }).click();
  await expect(page.getByRole("heading", { name: "Dataset “Renamed” was deleted" })).toBeVisible();
});

test("results of a former script are called so", async ({ page, server, complaints }) => {
  const dataset = await importLines(page, server.url, lines(12));
  await page.goto(`${dataset}?step=grader`);
  await hydrated(page);
  await page.getByRole("button", { name: "Test on 5 samples", exact: true }).click();
  await expect(page.getByRole("region", { name: "Test results" })).toBeVisible();
  await expect(page.getByText(/The results below are of/)).toBeHidden();
  await writeCode(page, "function grade(input) { return ; )");
  await expect(page.getByText("The results below are of an earlier draft, not of what is in the editor now.")).toBeVisible();
  await page.getByRole("button", { name: "Test on 5 samples", exact: true }).click();
  await expect(page.getByText(/What is in the editor could not be tested\./)).toBeVisible();
  complaints.length = 0;
});

test("a dataset deleted in another tab says so by name, with the way to the list", async ({ page, context, server }) => {
  const dataset = await importLines(page, server.url, lines(8));
  const name = (await page.getByRole("heading", { level: 1 }).textContent()) ?? "";
  const other = await context.newPage();
  await other.goto(`${dataset}/settings`);
  await hydrated(other);
  await other.getByLabel(/^Type “/).fill(name);
  await other.getByRole("button", { name: "Delete this dataset" }).click();
  await expect(other).toHaveURL(/\/finetune$/);
  await expect(page.getByRole("heading", { name: `Dataset “${name}” was deleted` })).toBeVisible();
  await page.waitForTimeout(1500);
  await page.getByRole("link", { name: "Show all datasets" }).click();
  await expect(page).toHaveURL(/\/finetune$/);
});

test("dialogs start where nothing is destroyed, and give the focus back", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines(8));
  await page.getByText("Data", { exact: true }).click();
  await page.getByRole("link", { name: "Replace data…" }).click();
  const replace = page.getByRole("dialog", { name: "Replace data" });
  await expect(replace.locator("input[type=file]")).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(replace).toBeHidden();

  await page.goto(`${server.url}/finetune`);
  await hydrated(page);
  const menu = page.getByLabel(/^Actions for/);
  await menu.focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("ArrowUp");
  await expect(page.getByRole("link", { name: "Delete…" })).toBeFocused();
  await page.keyboard.press("Enter");
  const question = page.getByRole("dialog", { name: "Delete this dataset?" });
  await expect(question.getByRole("button", { name: "Keep it" })).toBeFocused();
  await page.keyboard.press("Tab");
  await expect(question.getByRole("button", { name: "Delete the dataset" })).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(question).toBeHidden();
  await page.goto(dataset);
});

test("labelling by keyword is not offered where it finds nothing", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines(8));
  await page.goto(`${dataset}?step=topics`);
  await hydrated(page);
  await page.getByRole("button", { name: "Add topic" }).click();
  await page.getByLabel("Name").fill("astronomy");
  await page.locator("form").getByRole("button", { name: "Add topic" }).click();
  await expect(page.getByText("Next: Give the topics keywords.")).toBeVisible();
  await page.getByRole("button", { name: "Label records without a topic" }).click();
  await expect(page.getByText("The last run found no topic's keyword in any record.")).toBeVisible();
  await expect(page.getByText(/Next: No topic's keywords occur in any of the 8 valid records/)).toBeVisible();
  await expect(page.getByRole("button", { name: "Label records without a topic" })).toBeDisabled();
  await expect(page.getByRole("link", { name: "Edit the topics" })).toBeVisible();

  // What a deletion takes is said before it.
  await page.getByRole("button", { name: "Delete astronomy" }).click();
  const question = page.getByRole("dialog", { name: "Delete this topic?" });
  await expect(question).toContainText("“astronomy” goes. No valid record loses a label by it.");
  await question.getByRole("button", { name: "Keep it" }).click();
});

test("text that would hide or turn around is shown for what it is", async ({ page, server }) => {
  const hostile = JSON.stringify({ messages: [{ role: "user", content: "pay \u202Efdp.eciovni\u202C now\u0000 please" }, { role: "assistant", content: "No." }] });
  const dataset = await importLines(page, server.url, [hostile, ...lines(3)]);
  await page.goto(`${dataset}?records=all&record=1`);
  await hydrated(page);
  const row = page.locator("#record-row-1");
  await expect(row).toContainText("pay [U+202E]fdp.eciovni[U+202C] now[U+0000] please");
  await expect(row.locator("bdi")).toHaveCount(1);
  await expect(page.getByRole("region", { name: "Record 1" }).locator(".text").first()).toContainText("[U+202E]");
});

test("a record takes little room on a telephone", async ({ page, server }) => {
  await page.goto(server.url);
  await hydrated(page);
  await page.getByRole("button", { name: "Open the sample dataset" }).click();
  // It opens where its verdict is.
  await expect(page).toHaveURL(/step=dryrun/, { timeout: 60_000 });
  await expect(page.getByRole("region", { name: "Verdict" })).toBeInViewport();
  const dataset = page.url().split(/[?#]/)[0];
  await page.setViewportSize({ width: 360, height: 740 });
  for (const filter of ["all", "invalid"]) {
    await page.goto(`${dataset}?records=${filter}`);
    await hydrated(page);
    await expect(page.locator(".record-row").first()).toBeVisible();
    const heights = await page.locator(".record-row").evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height));
    expect(Math.max(...heights), filter).toBeLessThanOrEqual(125);
  }
  await page.goto(`${dataset}?step=dryrun#step-panel`);
  await expect(page.getByRole("region", { name: "Verdict" })).toBeInViewport();
});

test("records are searched and settings saved without JavaScript", async ({ browser, page: live, server }) => {
  const dataset = await importLines(live, server.url, lines(12));
  const context = await browser.newContext({ javaScriptEnabled: false });
  const page = await context.newPage();
  await page.goto(`${dataset}?step=topics&records=all`);
  const first = (await page.locator(".record-row__open").first().textContent()) ?? "";
  const word = first.trim().split(/\s+/).slice(-3).join(" ");
  await page.getByRole("searchbox", { name: "Search in prompts and answers" }).fill(word);
  await page.getByRole("button", { name: "Search", exact: true }).click();
  await expect(page).toHaveURL(/step=topics.*records=all.*q=/);
  await expect(page.getByText(`Only containing “${word}”`)).toBeVisible();
  await page.getByRole("link", { name: "Show all" }).click();
  await expect(page).not.toHaveURL(/q=/);

  await page.goto(`${dataset}/settings`);
  await page.getByLabel("Name").fill("By hand");
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByText("Saved.").first()).toBeVisible();
  await expect(page.getByRole("link", { name: "By hand" })).toBeVisible();
  await page.getByLabel("Longest prompt").fill("many");
  await page.getByRole("button", { name: "Save and check again" }).click();
  await expect(page.getByText("“many” is no whole number")).toBeVisible();
  await page.getByLabel(/^Type “/).fill("By hand");
  await page.getByRole("button", { name: "Delete this dataset" }).click();
  await expect(page).toHaveURL(/\/finetune$/);
  await context.close();
});
