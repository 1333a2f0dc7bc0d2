// The canvas under wheel, drag and finger, and what stands below it in a narrow window.
import { expect, hydrated, test } from "../support/server";
import type { Page } from "@playwright/test";

async function openSample(page: Page, url: string): Promise<string> {
  await page.goto(url);
  await hydrated(page);
  await page.getByRole("button", { name: "Open the sample dataset" }).click();
  await expect(page).toHaveURL(/step=dryrun/, { timeout: 60_000 });
  return page.url().split(/[?#]/)[0];
}

const level = async (page: Page) => Number.parseInt((await page.locator(".zoom__level").textContent()) ?? "", 10);
const scrolled = (page: Page) => page.evaluate(() => window.scrollY);

test("the wheel zooms around the pointer, Shift and the wheel move sideways, 0 fits again", async ({ page, server }) => {
  await openSample(page, server.url);
  const card = page.locator(".step-card").nth(4);
  const middle = async () => {
    const box = (await card.boundingBox())!;
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  };
  const start = await middle();
  await page.mouse.move(start.x, start.y);
  await page.mouse.wheel(0, -200);
  await expect.poll(() => level(page)).toBeGreaterThan(110);
  const zoomed = await middle();
  expect(Math.hypot(zoomed.x - start.x, zoomed.y - start.y), "what is under the pointer stays there").toBeLessThan(4);
  expect(await scrolled(page)).toBe(0);

  const before = await level(page);
  await page.keyboard.down("Shift");
  await page.mouse.wheel(0, 120);
  await page.keyboard.up("Shift");
  await expect.poll(async () => (await middle()).x).toBeLessThan(zoomed.x - 60);
  expect(await level(page)).toBe(before);

  await page.mouse.wheel(0, 2_000);
  await page.mouse.wheel(0, 2_000);
  await expect.poll(() => level(page)).toBeLessThan(100);
  await page.keyboard.press("0");
  await expect.poll(() => level(page)).toBe(100);
  await page.keyboard.press("?");
  await expect(page.getByRole("dialog", { name: "Keys" })).toContainText("the wheel over the pipeline");
});

test("a narrow window scrolls over the stacked cards, by wheel and by finger", async ({ browser, page: wide, server }) => {
  const dataset = await openSample(wide, server.url);
  const context = await browser.newContext({ viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true });
  const page = await context.newPage();
  await page.goto(`${dataset}?step=coverage`);
  await hydrated(page);
  await page.mouse.move(180, 500);
  await page.mouse.wheel(0, 300);
  await expect.poll(() => scrolled(page)).toBeGreaterThan(200);
  await page.evaluate(() => window.scrollTo(0, 0));
  const devtools = await context.newCDPSession(page);
  await devtools.send("Input.dispatchTouchEvent", { type: "touchStart", touchPoints: [{ x: 180, y: 600 }] });
  for (let y = 580; y >= 300; y -= 20) {
    await devtools.send("Input.dispatchTouchEvent", { type: "touchMove", touchPoints: [{ x: 180, y }] });
    await page.waitForTimeout(20);
  }
  await devtools.send("Input.dispatchTouchEvent", { type: "touchEnd", touchPoints: [] });
  await expect.poll(() => scrolled(page)).toBeGreaterThan(200);

  await page.evaluate(() => window.scrollTo(0, 0));
  await expect(page.locator(".zoom")).toBeHidden();
  await devtools.send("Input.synthesizePinchGesture", { x: 180, y: 500, scaleFactor: 1.6, gestureSourceType: "touch" });
  await expect.poll(() => level(page)).toBeGreaterThan(115);
  await page.getByRole("button", { name: "Fit" }).click();
  await expect(page.locator(".zoom")).toBeHidden();
  await context.close();
});

test("every figure of the coverage can be read at every width", async ({ page, server }) => {
  const dataset = await openSample(page, server.url);
  for (const width of [1440, 1024, 768, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await page.goto(`${dataset}?step=coverage`);
    await hydrated(page);
    const table = page.getByRole("region", { name: "Coverage by topic" });
    await expect(table.getByText("fine").or(table.getByText("too few")).first()).toBeVisible();
    const cut = await table.evaluate((region) => {
      const frame = region.getBoundingClientRect();
      const figures = [...region.querySelectorAll("tbody :is(td, th)")];
      const isCut = (cell: Element) => {
        const box = cell.getBoundingClientRect();
        return box.width < 20 || box.left < frame.left - 1 || box.right > frame.right + 1 || cell.scrollWidth > cell.clientWidth + 1;
      };
      // Nothing lies over anything else.
      const boxes = figures.slice(0, 8).map((cell) => cell.getBoundingClientRect());
      const meet = (a: DOMRect, b: DOMRect) => a !== b && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      const over = boxes.some((one) => boxes.some((other) => meet(one, other)));
      return { cut: figures.filter(isCut).map((cell) => cell.textContent), over, wide: region.scrollWidth - region.clientWidth };
    });
    expect(cut, `${width}`).toEqual({ cut: [], over: false, wide: 0 });
  }
});
