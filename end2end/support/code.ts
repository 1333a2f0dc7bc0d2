// A code editor as a person uses it. The text area under it keeps the text: that is what `field` looks at.
import type { Locator, Page } from "@playwright/test";
import { expect } from "./server";

export const GRADER = "Grader script (JavaScript)";
export const RECORD = /as JSON$/;

/** The editor that has taken the text area's place. */
export const codeEditor = (page: Page, name: string | RegExp = GRADER): Locator => page.locator(".cm-content").and(page.getByRole("textbox", { name }));

/** The form's field under it. */
export const field = (page: Page, name: string | RegExp = GRADER): Locator =>
  page.locator(".code-editor").filter({ has: page.getByLabel(name) }).locator("textarea");

/** Puts `text` in the place of all that is there: select all, paste. */
export async function writeCode(page: Page, text: string, name: string | RegExp = GRADER): Promise<void> {
  const editor = codeEditor(page, name);
  await editor.focus();
  await editor.press("ControlOrMeta+a");
  await editor.evaluate((content, text) => {
    const clipboardData = new DataTransfer();
    clipboardData.setData("text/plain", text);
    content.dispatchEvent(new ClipboardEvent("paste", { clipboardData, bubbles: true, cancelable: true }));
  }, text);
  await expect(field(page, name)).toHaveValue(text);
}

/** Puts what `change` makes of the text in its place. */
export async function rewriteCode(page: Page, change: (text: string) => string, name: string | RegExp = GRADER): Promise<void> {
  await codeEditor(page, name).waitFor();
  await writeCode(page, change(await field(page, name).inputValue()), name);
}
