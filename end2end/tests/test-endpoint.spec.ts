// The program's model endpoint against the provider's official client: what that accepts, our own client can rely on.
import { expect, test as base } from "@playwright/test";
import OpenAI, { toFile } from "openai";
import { type Fault, TestEndpoint } from "../support/test-endpoint";

const test = base.extend<{ openai: OpenAI; endpoint: TestEndpoint }, { started: TestEndpoint }>({
  started: [
    async ({}, use) => {
      const endpoint = new TestEndpoint();
      await endpoint.start();
      await use(endpoint);
      await endpoint.stop();
    },
    { scope: "worker" },
  ],
  endpoint: async ({ started }, use) => {
    await started.reset();
    await use(started);
  },
  openai: async ({ endpoint }, use) => {
    await use(new OpenAI({ baseURL: endpoint.baseURL, apiKey: "sk-test", maxRetries: 0 }));
  },
});

const ask = (text: string): OpenAI.ChatCompletionMessageParam[] => [{ role: "user", content: text }];
const hello = { model: "test-small", messages: ask("Where is the refund of my booking?") };

const judgement = {
  type: "json_schema",
  json_schema: {
    name: "judgement",
    strict: true,
    schema: {
      type: "object",
      properties: {
        reasoning: { type: "string" },
        score: { type: "number", minimum: 0, maximum: 1 },
        topic: { type: "string", enum: ["baggage", "refund", "other"] },
      },
      required: ["reasoning", "score", "topic"],
      additionalProperties: false,
    },
  },
} as const;

const weather: OpenAI.ChatCompletionTool = {
  type: "function",
  function: {
    name: "get_weather",
    description: "The weather of a city",
    parameters: { type: "object", properties: { city: { type: "string" } }, required: ["city"] },
  },
};

test("chat: several answers, usage, and what a reasoning model refuses", async ({ openai }) => {
  const answer = await openai.chat.completions.create({ ...hello, n: 2 });
  expect(answer.object).toBe("chat.completion");
  expect(answer.choices).toHaveLength(2);
  expect(answer.choices[0].message.content).toMatch(/\w+/);
  expect(answer.choices[0].finish_reason).toBe("stop");
  expect(answer.usage!.total_tokens).toBe(answer.usage!.prompt_tokens + answer.usage!.completion_tokens);

  const short = await openai.chat.completions.create({ ...hello, max_tokens: 2 });
  expect(short.choices[0].finish_reason).toBe("length");
  expect(short.usage!.completion_tokens).toBe(2);

  const same = () => openai.chat.completions.create({ ...hello, temperature: 0 });
  expect((await same()).choices[0].message).toEqual((await same()).choices[0].message);

  const thoughtful = await openai.chat.completions.create({ ...hello, model: "test-reasoning" });
  expect(thoughtful.usage!.completion_tokens_details!.reasoning_tokens).toBeGreaterThan(0);
  for (const parameter of [{ max_tokens: 5 }, { temperature: 1 }]) {
    const refused = await openai.chat.completions.create({ ...hello, model: "test-reasoning", ...parameter }).catch((error) => error);
    expect(refused).toBeInstanceOf(OpenAI.BadRequestError);
    expect(refused).toMatchObject({ status: 400, code: "unsupported_parameter", param: Object.keys(parameter)[0] });
  }
});

test("streams: pieces, usage at the end, tool calls, the client's own helper", async ({ openai }) => {
  const stream = await openai.chat.completions.create({ ...hello, stream: true, stream_options: { include_usage: true } });
  let text = "";
  const chunks = [];
  for await (const chunk of stream) {
    chunks.push(chunk);
    text += chunk.choices[0]?.delta.content ?? "";
  }
  expect(text).toMatch(/\w+/);
  expect(chunks.length).toBeGreaterThan(3);
  expect(chunks.at(-1)!.usage!.total_tokens).toBeGreaterThan(0);
  expect(chunks.at(-2)!.choices[0].finish_reason).toBe("stop");

  const helper = openai.chat.completions.stream({ ...hello, messages: ask("What is the weather in Lisbon?"), tools: [weather] });
  const final = await helper.finalChatCompletion();
  const call = final.choices[0].message.tool_calls![0];
  expect(call.type === "function" && call.function.name).toBe("get_weather");
  expect(call.type === "function" && JSON.parse(call.function.arguments)).toEqual({ city: expect.any(String) });
});

test("structured output and tools", async ({ openai }) => {
  const messages = ask("Judge this answer about a refund.\nResponse: Your refund of 40 dollars arrives on Monday.");
  const parsed = await openai.chat.completions.parse({ model: "test-large", messages, response_format: judgement });
  const value = parsed.choices[0].message.parsed as unknown as { score: number; reasoning: string; topic: string };
  expect(value.score).toBeGreaterThan(0);
  expect(value.score).toBeLessThanOrEqual(1);
  expect(value).toEqual({ reasoning: expect.any(String), score: expect.any(Number), topic: "refund" });

  const object = await openai.chat.completions.create({ model: "test-large", messages: ask("Answer in JSON."), response_format: { type: "json_object" } });
  expect(JSON.parse(object.choices[0].message.content!)).toBeInstanceOf(Object);

  const question = ask("What is the weather in Lisbon?");
  const called = await openai.chat.completions.create({ model: "test-small", messages: question, tools: [weather] });
  expect(called.choices[0].finish_reason).toBe("tool_calls");
  const message = called.choices[0].message;
  const answered = await openai.chat.completions.create({
    model: "test-small",
    tools: [weather],
    messages: [...question, message, { role: "tool", tool_call_id: message.tool_calls![0].id, content: "sunny" }],
  });
  expect(answered.choices[0].message.content).toMatch(/\w+/);
});

test("embeddings: the client's base64 and plain numbers are the same vectors", async ({ openai }) => {
  const input = ["please refund my flight", "I want a refund for my flight", "which laptop has a long battery"];
  const coded = await openai.embeddings.create({ model: "test-embedding", input });
  const plain = await openai.embeddings.create({ model: "test-embedding", input, encoding_format: "float" });
  expect(coded.data).toHaveLength(3);
  expect(coded.data[0].embedding).toHaveLength(256);
  for (let place = 0; place < 256; place++) expect(coded.data[1].embedding[place]).toBeCloseTo(plain.data[1].embedding[place], 6);
  const cosine = (a: number[], b: number[]) => a.reduce((sum, number, place) => sum + number * b[place], 0);
  const [first, alike, other] = coded.data.map((item) => item.embedding);
  expect(cosine(first, alike)).toBeGreaterThan(cosine(first, other) + 0.2);
  await expect(openai.embeddings.create({ model: "test-embedding", input: Array(2049).fill("a") })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  expect((await openai.embeddings.create({ model: "test-embedding", input: Array(2048).fill("a"), dimensions: 8 })).data).toHaveLength(2048);
});

test("models, one of which ends soon", async ({ openai }) => {
  const models = [];
  for await (const model of openai.models.list()) models.push(model);
  expect(models.length).toBeGreaterThan(3);
  const retiring = (await openai.models.retrieve("test-retiring")) as OpenAI.Model & { shutdown_date: string };
  expect(new Date(retiring.shutdown_date).getTime()).toBeGreaterThan(Date.now());
  await expect(openai.models.retrieve("nobody-knows-it")).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

test("fine-tuning: files, a job through every status, its events, checkpoints and results", async ({ openai, endpoint }) => {
  const rows = Array.from({ length: 3 }, (_, n) => JSON.stringify({ messages: ask(`question ${n}`), reference: `${n}` })).join("\n");
  const upload = async (text: string) => openai.files.create({ file: await toFile(Buffer.from(text), "train.jsonl"), purpose: "fine-tune" });
  const file = await upload(rows);
  expect(file).toMatchObject({ filename: "train.jsonl", purpose: "fine-tune", bytes: rows.length, status: "processed" });
  expect(await (await openai.files.content(file.id)).text()).toBe(rows);
  await expect(upload("no json")).rejects.toBeInstanceOf(OpenAI.BadRequestError);

  const create = () =>
    openai.fineTuning.jobs.create({
      model: "test-small",
      training_file: file.id,
      validation_file: file.id,
      suffix: "mine",
      method: {
        type: "reinforcement",
        reinforcement: {
          grader: { type: "string_check", name: "same", operation: "eq", input: "{{sample.output_text}}", reference: "{{item.reference}}" },
          hyperparameters: { n_epochs: 1, batch_size: "auto", reasoning_effort: "low" },
        },
      },
    });
  const job = await create();
  expect(job.status).toBe("validating_files");
  const statuses: string[] = [];
  while (!statuses.includes("succeeded") && statuses.length < 10) statuses.push((await openai.fineTuning.jobs.retrieve(job.id)).status);
  expect(statuses).toEqual(["queued", "running", "running", "succeeded"]);

  const done = await openai.fineTuning.jobs.retrieve(job.id);
  expect(done.fine_tuned_model).toContain("ft:test-small:");
  expect(done.trained_tokens).toBeGreaterThan(0);
  expect(await (await openai.files.content(done.result_files[0])).text()).toContain("step,train_mean_reward");
  expect((await openai.models.retrieve(done.fine_tuned_model!)).id).toBe(done.fine_tuned_model);

  const events = [];
  for await (const event of openai.fineTuning.jobs.listEvents(job.id, { limit: 4 })) events.push(event);
  const metrics = events.filter((event) => event.type === "metrics").map((event) => event.data as { step: number; train_mean_reward: number });
  expect(metrics.map((data) => data.step)).toEqual([10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
  expect(metrics[0].train_mean_reward).toBeGreaterThan(metrics[9].train_mean_reward);
  const checkpoints = await openai.fineTuning.jobs.checkpoints.list(job.id);
  expect(checkpoints.data.map((checkpoint) => checkpoint.step_number)).toEqual([10, 5]);

  const other = await create();
  await openai.fineTuning.jobs.retrieve(other.id);
  expect((await openai.fineTuning.jobs.pause(other.id)).status).toBe("paused");
  expect((await openai.fineTuning.jobs.resume(other.id)).status).toBe("queued");
  expect((await openai.fineTuning.jobs.cancel(other.id)).status).toBe("cancelled");

  await endpoint.script({ rules: [{ route: "fine_tuning", faults: [{ forbidden: { code: "training_not_available" } }] }] });
  const blocked = await create().catch((error) => error);
  expect(blocked).toBeInstanceOf(OpenAI.PermissionDeniedError);
  expect(blocked.code).toBe("training_not_available");
});

const failures: [Fault, new (...of: never[]) => Error, object][] = [
  [{ rate_limited: { retry_after_ms: 20 } }, OpenAI.RateLimitError, { status: 429, code: "rate_limit_exceeded" }],
  ["insufficient_quota", OpenAI.RateLimitError, { status: 429, code: "insufficient_quota" }],
  ["unauthorized", OpenAI.AuthenticationError, { status: 401, code: "invalid_api_key" }],
  [{ forbidden: { code: "no" } }, OpenAI.PermissionDeniedError, { status: 403 }],
  ["unknown_model", OpenAI.NotFoundError, { status: 404, code: "model_not_found" }],
  [{ unsupported_parameter: { param: "messages" } }, OpenAI.BadRequestError, { status: 400, param: "messages" }],
  [{ status: { status: 409 } }, OpenAI.ConflictError, { status: 409 }],
  [{ status: { status: 503 } }, OpenAI.InternalServerError, { status: 503 }],
  [{ html: { status: 502 } }, OpenAI.InternalServerError, { status: 502 }],
  ["disconnect", OpenAI.APIConnectionError, {}],
];

for (const [fault, kind, fields] of failures) {
  test(`the client's error of ${JSON.stringify(fault)}`, async ({ openai, endpoint }) => {
    await endpoint.script({ queue: [{ faults: [fault] }] });
    const error = await openai.chat.completions.create(hello).catch((error) => error);
    expect(error).toBeInstanceOf(kind);
    expect(error).toMatchObject(fields);
    // The next one is well again.
    expect((await openai.chat.completions.create(hello)).choices).toHaveLength(1);
  });
}

test("answers that break off, come slowly, or are no JSON", async ({ openai, endpoint }) => {
  const next = async (...faults: Fault[]) => endpoint.script({ queue: [{ faults }] });
  await next("broken_json");
  await expect(openai.chat.completions.create(hello)).rejects.toThrow();
  await next("truncated_body");
  await expect(openai.chat.completions.create(hello)).rejects.toThrow();

  const streamed = async () => {
    let text = "";
    for await (const chunk of await openai.chat.completions.create({ ...hello, stream: true })) text += chunk.choices[0]?.delta.content ?? "";
    return text;
  };
  for (const fault of ["broken_json", "truncated_body", "stream_error"]) {
    await next(fault);
    await expect(streamed(), fault).rejects.toThrow();
  }
  await next({ slow_stream: { ms: 15 } });
  const before = Date.now();
  expect(await streamed()).toMatch(/\w+/);
  expect(Date.now() - before).toBeGreaterThan(60);

  await next({ latency: { min_ms: 5000, max_ms: 5000 } });
  const late = await openai.chat.completions.create(hello, { timeout: 100 }).catch((error) => error);
  expect(late).toBeInstanceOf(OpenAI.APIConnectionTimeoutError);
});

test("answers that say the wrong thing", async ({ openai, endpoint }) => {
  const said = async (...faults: Fault[]) => {
    await endpoint.script({ queue: [{ faults }] });
    return openai.chat.completions.create({ ...hello, response_format: judgement });
  };
  const content = async (...faults: Fault[]) => (await said(...faults)).choices[0].message.content!;
  expect((await said("refusal")).choices[0].message.refusal).toMatch(/sorry/);
  expect(await content("fenced")).toMatch(/^```json\n\{.*\}\n```$/);
  expect(await content("prose")).toMatch(/^Sure!/);
  expect((await content("two_objects")).match(/"score"/g)).toHaveLength(2);
  expect(await content("empty_content")).toBe("");
  expect(JSON.parse(await content("breaks_schema"))).toHaveProperty("nobody_asked_for_this");
  expect((await said("length")).choices[0].finish_reason).toBe("length");
  expect((await said("missing_usage")).usage).toBeUndefined();
  expect((await content({ huge: { bytes: 1_000_000 } })).length).toBeGreaterThanOrEqual(1_000_000);
  expect(await content({ content: { text: "exactly this" } })).toBe("exactly this");
  await expect(said({ no_response_format: {} })).rejects.toMatchObject({ status: 400, param: "response_format" });
  const call = await said({ tool_call: { name: "f", arguments: "{broken" } });
  expect(call.choices[0].message.tool_calls![0]).toMatchObject({ function: { arguments: "{broken" } });
});

test("the client retries what clears, within the limits, and every request is recorded", async ({ endpoint }) => {
  const openai = new OpenAI({ baseURL: endpoint.baseURL, apiKey: "sk-secret", maxRetries: 5 });
  await endpoint.script({ queue: [{ faults: [{ rate_limited: { retry_after_ms: 5 } }] }, { faults: [{ status: { status: 500, should_retry: true } }] }] });
  await openai.chat.completions.create(hello);
  const { requests } = await endpoint.requests();
  expect(requests.map((request) => request.status)).toEqual([429, 500, 200]);
  expect(requests[0]).toMatchObject({ method: "POST", path: "/v1/chat/completions", route: "chat", model: "test-small", body: hello });
  expect(JSON.stringify(requests)).not.toContain("sk-secret");

  await endpoint.reset();
  await endpoint.script({ limits: { concurrency: 2 }, rules: [{ faults: [{ latency: { min_ms: 200, max_ms: 200 } }] }] });
  const eager = new OpenAI({ baseURL: endpoint.baseURL, apiKey: "sk-secret", maxRetries: 0 });
  const outcomes = await Promise.allSettled(Array.from({ length: 5 }, () => eager.chat.completions.create(hello)));
  expect(outcomes.filter((outcome) => outcome.status === "fulfilled")).toHaveLength(2);
  expect((await endpoint.requests()).highest_concurrency).toBeGreaterThan(2);

  await endpoint.script({ api_key: "sk-secret", models: ["only-this"] });
  await expect(eager.chat.completions.create(hello)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  const stranger = new OpenAI({ baseURL: endpoint.baseURL, apiKey: "sk-other", maxRetries: 0 });
  await expect(stranger.chat.completions.create(hello)).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
  await expect(endpoint.script({ rules: [{ faults: ["misspelt"] }] })).rejects.toThrow(/no script/);
});
