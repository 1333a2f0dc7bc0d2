// Every page at every width and in both themes: nothing sticks out sideways, axe finds nothing serious.
import AxeBuilder from "@axe-core/playwright";
import { chooseLines, createDataset } from "../support/import";
import { expect, hydrated, test } from "../support/server";

const paths = [
  "",
  "/new",
  ...["extract", "topics", "coverage", "grader", "dryrun", "train", "deploy"].map((step) => `/ID?step=${step}`),
  "/ID?step=dryrun&tab=samples&samples=lowest",
  "/ID?step=dryrun&tab=history",
  "/ID?step=dryrun&dialog=dryrun",
  "/ID?records=invalid",
  "/ID?records=all&record=1",
  "/ID?records=all&group=topic",
  "/ID?records=near",
  "/ID?dialog=help",
  "/ID?dialog=download",
  "/ID/settings",
];

for (const theme of ["dark", "light"] as const) {
  test(`pages fit and are accessible, ${theme}`, async ({ page, server }) => {
    test.setTimeout(400_000);
    await page.emulateMedia({ colorScheme: theme });
    await page.goto(server.url);
    await hydrated(page);
    await page.getByRole("button", { name: "Open the sample dataset" }).click();
    await expect(page).toHaveURL(/\/finetune\/[0-9a-f-]{36}/, { timeout: 60_000 });
    const id = /finetune\/([0-9a-f-]{36})/.exec(page.url())?.[1] ?? "";
    const wrong: string[] = [];
    for (const path of paths) {
      for (const width of [1440, 768, 360]) {
        await page.setViewportSize({ width, height: 900 });
        await page.goto(`${server.url}/finetune${path.replace("ID", id)}`);
        await hydrated(page);
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        if (over > 0) wrong.push(`${path} at ${width}: ${over} px too wide`);
        if (width === 768) continue;
        const { violations } = await new AxeBuilder({ page }).analyze();
        for (const found of violations.filter(({ impact }) => impact === "serious" || impact === "critical")) {
          wrong.push(`${path} at ${width}: ${found.id}: ${found.nodes.slice(0, 3).map((node) => node.html.slice(0, 160)).join(" | ")}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });
}

test("long names give way, short ones stay", async ({ page, server }) => {
  await page.goto(`${server.url}/finetune/new`);
  await hydrated(page);
  const line = JSON.stringify({ messages: [{ role: "user", content: "How are you doing today?" }, { role: "assistant", content: "Fine." }] });
  await chooseLines(page, [line]);
  await page.getByLabel("Name").fill("n".repeat(200));
  await createDataset(page);
  await expect(page.getByText("1 valid record").first()).toBeVisible();
  for (const width of [1440, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${page.url().split("?")[0].replace(/\/settings$/, "")}/settings`);
    await hydrated(page);
    const heading = page.getByRole("heading", { level: 1, name: "Settings" });
    expect(await heading.evaluate((h) => h.parentElement!.scrollWidth <= h.parentElement!.clientWidth + 1), "the heading is whole").toBe(true);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth), `${width}`).toBeLessThanOrEqual(0);
  }
});
