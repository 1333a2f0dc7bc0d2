// What a test sets up over HTTP before a person comes to the page.
import type { Page } from "@playwright/test";
import { expect, type Server } from "./server";

/** Asks the product's API; gives its answer. */
export async function call(page: Page, server: Server, endpoint: string, data: object) {
  const answer = await page.request.post(`${server.url}/api/${endpoint}`, { data });
  expect(answer.ok(), await answer.text()).toBeTruthy();
  return answer.json();
}

/** A dataset of these lines, all of them valid; gives its id. */
export async function datasetOf(page: Page, server: Server, lines: string[]): Promise<string> {
  const upload = await page.request.post(`${server.url}/upload`, {
    headers: { accept: "application/json" },
    multipart: { file: { name: "a.jsonl", mimeType: "application/jsonl", buffer: Buffer.from(lines.join("\n")) } },
  });
  const { dataset_id } = await upload.json();
  await expect.poll(async () => (await call(page, server, "datasets/overview", { dataset_id })).hygiene.valid).toBe(lines.length);
  return dataset_id;
}

/** An endpoint as the settings' form has it; gives its id. */
export async function addEndpoint(page: Page, server: Server, base_url: string, name = "Judges"): Promise<string> {
  const form = { name, base_url, key: { source: "none" }, concurrency: 4, requests_per_minute: null, tokens_per_minute: null, timeout_s: 30, prices: [] };
  return (await call(page, server, "endpoints/save", { id: null, form })).id;
}
