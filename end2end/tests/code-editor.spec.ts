// The code editor: typing with help, problems at their lines, the way out by keyboard; versions compared and restored.
import AxeBuilder from "@axe-core/playwright";
import { codeEditor, field, RECORD, rewriteCode, writeCode } from "../support/code";
import { chatLine } from "../support/files";
import { importLines } from "../support/import";
import { expect, hydrated, test } from "../support/server";
import type { Page } from "@playwright/test";

const lines = Array.from({ length: 8 }, (_, n) => chatLine(n));

/** The grader's panel of a new dataset, its editor ready. */
async function openGrader(page: Page, url: string): Promise<string> {
  const dataset = await importLines(page, url, lines);
  await page.goto(`${dataset}?step=grader`);
  await hydrated(page);
  await codeEditor(page).waitFor();
  return dataset;
}

/** Ends the text and goes on behind it. */
async function goOn(page: Page, text: string): Promise<void> {
  await writeCode(page, text);
  await codeEditor(page).press("ControlOrMeta+End");
}

test("one types a script with the editor's help", async ({ page, server }) => {
  await openGrader(page, server.url);
  await goOn(page, "");
  // What a grader gets is offered by name and with its meaning; brackets close themselves; lines are indented.
  await page.keyboard.type("function grade(input) {\nreturn input.res");
  const offered = page.getByRole("listbox", { name: "Completions" });
  await expect(offered.getByRole("option").first()).toContainText("input.response");
  await expect(page.locator(".cm-completionInfo")).toContainText("the text of the response to score");
  // (It takes a key for one that was meant for the text if it comes right after the list.)
  await page.waitForTimeout(200);
  await page.keyboard.press("Enter");
  await page.keyboard.type(".length > 20 ? 1 : 0;");
  const script = "function grade(input) {\n  return input.response.length > 20 ? 1 : 0;\n}";
  await expect(field(page)).toHaveValue(script);
  // Undo and redo.
  await page.keyboard.press("ControlOrMeta+z");
  await expect(field(page)).not.toHaveValue(script);
  await page.keyboard.press("ControlOrMeta+y");
  await expect(field(page)).toHaveValue(script);
  // Search within the text.
  await page.keyboard.press("ControlOrMeta+f");
  await page.keyboard.type("length");
  await expect(page.locator(".cm-searchMatch")).toHaveText("length");
  await page.keyboard.press("Escape");
  await expect(codeEditor(page)).toBeFocused();

  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByText("A grader is saved: Script, version 1")).toBeVisible();
  await page.reload();
  await hydrated(page);
  await expect(codeEditor(page)).toContainText("input.response.length > 20");
});

test("what is wrong is said at its line, before and after saving", async ({ page, server, complaints }) => {
  await openGrader(page, server.url);
  const editorBox = page.locator(".code-editor");
  const said = editorBox.getByRole("status");
  await writeCode(page, "function grade(input) {\n  return foo(1, ;\n}");
  await expect(said).toHaveText("Line 2: Something is missing before “;”.");
  await expect(page.locator(".cm-lint-marker-error")).toHaveCount(1);
  await page.locator(".cm-lint-marker-error").hover();
  await expect(page.locator(".cm-tooltip")).toContainText("Something is missing before “;”.");
  await page.mouse.move(0, 0);
  await writeCode(page, "function grade(input) {\n  return 1;\n}");
  await expect(said).toHaveText("");
  // What only the engine knows.
  await writeCode(page, "// one\n\nthrow new Error(\"no\");\nfunction grade(input) { return 1; }");
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByRole("alert").filter({ hasText: /line 3/i }).first()).toBeVisible();
  await expect(said).toContainText("Line 3:");
  // It moves along with its text.
  await codeEditor(page).press("ControlOrMeta+Home");
  await page.keyboard.type("\n");
  await expect(said).toContainText("Line 4:");
  complaints.length = 0;
});

test("JSON of a record: its problems, too", async ({ page, server }) => {
  const dataset = await importLines(page, server.url, lines);
  await page.goto(`${dataset}?records=all&record=1`);
  await hydrated(page);
  await page.getByRole("button", { name: "Edit JSON" }).click();
  await rewriteCode(page, (text) => text.replace('"input": {', '"input": ,{'), RECORD);
  const said = page.locator(".code-editor").filter({ has: codeEditor(page, RECORD) }).getByRole("status");
  await expect(said).toContainText("Line 2:");
  await rewriteCode(page, (text) => text.replace('"input": ,{', '"input": {'), RECORD);
  await expect(said).toHaveText("");
  // Both go, component and editor, without a complaint.
  await page.getByRole("button", { name: /Back to reading|Discard changes/ }).click();
  await expect(codeEditor(page, RECORD)).toBeHidden();
});

test("the keyboard is not trapped: Esc, then Tab leaves", async ({ page, server }) => {
  await openGrader(page, server.url);
  await goOn(page, "let a;");
  await page.keyboard.press("Tab");
  await expect(field(page)).toHaveValue("let a;  ");
  await expect(codeEditor(page)).toBeFocused();
  await expect(codeEditor(page)).toHaveAccessibleDescription(/Press Escape, then Tab, to leave/);
  await page.keyboard.press("Escape");
  await expect(page.locator(".cm-announced")).toHaveText("Tab now leaves the editor.");
  await page.keyboard.press("Tab");
  await expect(codeEditor(page)).not.toBeFocused();
  // Letters are letters, not the page's keys.
  await goOn(page, "let a;");
  await page.keyboard.type(" // j/k?");
  await expect(field(page)).toHaveValue("let a; // j/k?");
  await expect(page).toHaveURL(/step=grader$/);
  // In a dialog: the first Esc frees Tab, the second one closes.
  await page.keyboard.press("Escape");
});

test("older versions are compared and restored", async ({ page, server, complaints }) => {
  const dataset = await openGrader(page, server.url);
  const scripts = [0.25, 0.5, 0.75].map((score) => `function grade(input) {\n  return ${score};\n}`);
  for (const [at, script] of scripts.entries()) {
    await writeCode(page, script);
    await page.getByRole("button", { name: "Save grader" }).click();
    await expect(page.getByText(`A grader is saved: Script, version ${at + 1}`)).toBeVisible();
  }
  await page.getByText("Versions", { exact: true }).click();
  await page.getByRole("link", { name: "What changed in version 3" }).click();
  await expect(page).toHaveURL(/versions=2-3/);
  const diff = page.getByRole("region", { name: "Changes: From version 2 to version 3" });
  await expect(diff.getByRole("row", { name: "2 removed return 0.5;" })).toBeVisible();
  await expect(diff.getByRole("row", { name: "2 added return 0.75;" })).toBeVisible();
  await page.getByLabel("Compare this version").selectOption("Version 1");
  await expect(page).toHaveURL(/versions=1-3/);
  await expect(page.getByText("From version 1 to version 3: 1 line added, 1 line removed.")).toBeVisible();
  await page.goBack();
  await expect(page.getByText("From version 2 to version 3: 1 line added, 1 line removed.")).toBeVisible();
  await page.goto(`${dataset}?step=grader&versions=1-9`);
  await hydrated(page);
  await expect(page.getByText(/Grader version 9/)).toBeVisible();
  // The page of a version that does not exist is one of those that are not found.
  complaints.length = 0;

  await codeEditor(page).waitFor();
  await page.getByRole("listitem").filter({ hasText: "Version 1" }).getByRole("button", { name: "Restore" }).click();
  await expect(codeEditor(page)).toContainText("return 0.25;");
  await expect(page.getByText("Unsaved changes").first()).toBeVisible();
  await page.getByRole("button", { name: "Discard changes" }).click();
  await expect(codeEditor(page)).toContainText("return 0.75;");
  // Undo brings back what was restored: the editor's history knows of it.
  await codeEditor(page).press("ControlOrMeta+z");
  await expect(field(page)).toHaveValue(scripts[0]);
});

test("the editor is loaded where there is one, and its text area works without it", async ({ page, browser, server }) => {
  const loaded: string[] = [];
  page.on("request", (request) => loaded.push(new URL(request.url()).pathname));
  const dataset = await importLines(page, server.url, lines);
  await page.goto(`${server.url}/finetune`);
  await hydrated(page);
  await page.goto(`${dataset}?step=topics`);
  await hydrated(page);
  await page.waitForTimeout(500);
  expect(loaded).not.toContain("/pkg/editor.js");
  await page.getByRole("link", { name: /Grader Config/ }).first().click();
  await codeEditor(page).waitFor();
  expect(loaded).toContain("/pkg/editor.js");

  // It cannot be loaded.
  const lame = await browser.newPage();
  await lame.route("**/pkg/editor.js", (route) => route.abort());
  await lame.goto(`${dataset}?step=grader`);
  await hydrated(lame);
  await lame.getByLabel("Grader script (JavaScript)").fill("function grade(input) { return 0.5; }");
  await lame.getByRole("button", { name: "Save grader" }).click();
  await expect(lame.getByText("A grader is saved: Script, version 1")).toBeVisible();
  await lame.close();

  // There is no JavaScript at all.
  const context = await browser.newContext({ javaScriptEnabled: false });
  const plain = await context.newPage();
  await plain.goto(`${dataset}?step=grader`);
  await expect(plain.getByLabel("Grader script (JavaScript)")).toHaveValue("function grade(input) { return 0.5; }");
  await expect(plain.locator(".cm-content")).toHaveCount(0);
  await context.close();
});

test("templates: tags are coloured, variables are offered within them, and inserted from outside", async ({ page, server }) => {
  await openGrader(page, server.url);
  // (No page has a template yet: the module is used as `ui::CodeEditor` does it.)
  await page.evaluate(async () => {
    const { enhance } = await import("/pkg/editor.js" as string);
    document.querySelector("main")!.insertAdjacentHTML("afterbegin", '<div class="code-editor"><textarea id="template" rows="6">Hello {{name}}</textarea></div>');
    const completions = [
      { label: "response", detail: "text", info: "the response" },
      { label: "referenceAnswer", detail: "any JSON", info: "the reference" },
    ];
    const problems = [{ line: 1, column: 7, message: "Line 1, column 7: there is no variable “name”." }];
    Object.assign(window, { editor: enhance(document.querySelector("#template"), "template", { label: "Prompt", completions, problems }) });
  });
  const prompt = page.getByRole("textbox", { name: "Prompt" });
  const text = page.locator("#template");
  await expect(page.locator(".code-problems").first()).toHaveText("Line 1: there is no variable “name”.");
  expect(await prompt.locator(".cm-line span").allTextContents()).toContain("name");
  await prompt.press("ControlOrMeta+End");
  await page.keyboard.type(", is {{res");
  await expect(page.getByRole("option").first()).toContainText("response");
  await page.waitForTimeout(200);
  await page.keyboard.press("Enter");
  await expect(text).toHaveValue("Hello {{name}}, is {{response}}");
  await page.keyboard.type(" as good as ");
  await page.evaluate(() => (window as unknown as { editor: { insert(text: string): void } }).editor.insert("{{referenceAnswer}}"));
  await page.keyboard.type("?");
  await expect(text).toHaveValue("Hello {{name}}, is {{response}} as good as {{referenceAnswer}}?");
  // What cannot be changed can be read.
  await page.evaluate(() => (window as unknown as { editor: { update(state: object): void } }).editor.update({ label: "Prompt", readonly: true }));
  await prompt.focus();
  await page.keyboard.type("no");
  await expect(prompt).toHaveAttribute("aria-readonly", "true");
  await expect(text).toHaveValue(/\?$/);
  // Gone, the text area is back.
  await page.evaluate(() => (window as unknown as { editor: { destroy(): void } }).editor.destroy());
  await expect(text).toBeVisible();
});

test("a script of 256 KiB is opened and typed in without waiting", async ({ page, server }) => {
  await openGrader(page, server.url);
  const grade = "function grade(input) { return 1; }\n";
  // (The script engine may take no longer than 100 ms to read a script: what is saved is words.)
  const words = grade + "// some words that make it a line of about sixty-four bytes long\n".repeat(3_900);
  await writeCode(page, words);
  await page.getByRole("button", { name: "Save grader" }).click();
  await expect(page.getByText("A grader is saved: Script, version 1")).toBeVisible();
  await page.reload();
  await hydrated(page);
  const opened = Date.now();
  await codeEditor(page).waitFor();
  console.log(`the editor was there ${Date.now() - opened} ms after the page`);
  const script = grade + "{ const value = Math.min(1, 2); /* words that make it a line */ }\n".repeat(3_900);
  expect(script.length).toBeLessThan(256 * 1024);
  await writeCode(page, script);
  await codeEditor(page).press("ControlOrMeta+End");
  const started = Date.now();
  await page.keyboard.type("// twenty characters");
  await expect(field(page)).toHaveValue(/twenty characters$/);
  const took = Date.now() - started;
  console.log(`20 keys in a script of ${script.length} bytes: ${took} ms`);
  expect(took).toBeLessThan(2_500);
});

for (const theme of ["dark", "light"] as const) {
  test(`the editor is accessible, ${theme}`, async ({ page, server }) => {
    await page.emulateMedia({ colorScheme: theme });
    await openGrader(page, server.url);
    const look = async (what: string, ...but: string[]) => {
      const { violations } = await new AxeBuilder({ page }).disableRules(but).analyze();
      const bad = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(bad.map(({ id, nodes }) => `${what}: ${id}: ${nodes[0].html.slice(0, 200)}`)).toEqual([]);
    };
    await writeCode(page, 'function grade(input) {\n  // a note\n  const x = "text" + 12 + /re/.test(input.response) + null;\n  return foo(1, ;\n}');
    await expect(page.locator(".cm-lint-marker-error")).toBeVisible();
    await look("a problem");
    await codeEditor(page).press("ControlOrMeta+End");
    await page.keyboard.type("\ninput.");
    await expect(page.getByRole("listbox", { name: "Completions" })).toBeVisible();
    // (The list is moved through from the text, by the arrow keys; axe knows that of comboboxes only.)
    await look("completions", "scrollable-region-focusable");
    await page.keyboard.press("Escape");
    await page.keyboard.press("ControlOrMeta+f");
    await expect(page.locator(".cm-search")).toBeVisible();
    await look("search");
    for (const score of [0.5, 0.75]) {
      await writeCode(page, `function grade(input) {\n  return ${score};\n}`);
      await page.getByRole("button", { name: "Save grader" }).click();
      await expect(page.getByText(score === 0.5 ? "Script, version 1" : "Script, version 2")).toBeVisible();
    }
    await page.getByText("Versions", { exact: true }).click();
    await page.getByRole("link", { name: "What changed in version 2" }).click();
    await expect(page.getByRole("region", { name: /^Changes/ })).toBeVisible();
    await look("versions");
  });
}
