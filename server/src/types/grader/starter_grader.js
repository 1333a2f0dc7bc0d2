// Scores a reply of a support assistant from 0 (useless) to 1 (as good as it gets).
//
// `input` holds: messages, response, lastUserMessage, tools, toolCalls, systemPrompt,
// referenceAnswer (or null), metadata, item; and sample.output_text and friends, as OpenAI names them.
// Return a number from 0 to 1, or { score, reasoning }. What console.log prints is shown in the test.
//
// The score is a weighted mean of the checks that apply to this record. Change the weights, take checks
// out, add your own: a good grader gives different scores to replies of different quality.

const WEIGHTS = { reference: 0.5, tools: 0.25, question: 0.15, length: 0.1, clean: 0.1 };
const GOOD_LENGTH = { min: 30, max: 900 }; // characters of a reply that is neither curt nor rambling

function grade(input) {
  const reply = input.response.trim();
  if (!reply && input.toolCalls.length === 0) {
    return { score: 0, reasoning: "no reply and no tool call" };
  }
  const replyWords = words(reply);
  const checks = {
    reference: matchesReference(replyWords, input.referenceAnswer),
    tools: toolCallsAreGood(input),
    question: reply ? staysWithTheQuestion(replyWords, input.lastUserMessage) : null,
    length: reply ? hasGoodLength(reply.length) : null,
    clean: reply ? isClean(reply) : null,
  };

  let sum = 0;
  let weights = 0;
  const reasons = [];
  for (const name in checks) {
    if (checks[name] === null) continue; // does not apply to this record
    sum += WEIGHTS[name] * checks[name];
    weights += WEIGHTS[name];
    reasons.push(name + " " + checks[name].toFixed(2));
  }
  // A record can be such that nothing applies; then there is nothing to hold against the reply.
  const score = weights > 0 ? Math.min(1, sum / weights) : 0.5;
  return { score, reasoning: reasons.join(", ") };
}

// How much of the reference answer the reply says, and little else: the F1 measure of their words.
function matchesReference(replyWords, reference) {
  if (reference === null || reference === undefined) return null;
  const expected = words(typeof reference === "string" ? reference : JSON.stringify(reference));
  if (expected.length === 0) return null;
  const shared = countShared(replyWords, expected);
  return shared === 0 ? 0 : (2 * shared) / (replyWords.length + expected.length);
}

// Half for calling the tools that were expected, half for calls that the tools' definitions allow.
function toolCallsAreGood(input) {
  const expected = expectedTools(input);
  const called = input.toolCalls.map(callName);
  if (expected === null && called.length === 0) return null;
  let valid = 0;
  for (const call of input.toolCalls) valid += validCall(call, input.tools);
  const validity = called.length ? valid / called.length : 1;
  if (expected === null) return validity;
  if (expected.length === 0) return called.length === 0 ? 1 : 0;
  const found = countShared(called, expected);
  const overlap = (2 * found) / (called.length + expected.length);
  return called.length ? 0.5 * overlap + 0.5 * validity : 0;
}

// Tool names from the record's `expected_tools` (item or metadata), or from its reference answer.
function expectedTools(input) {
  const reference = input.referenceAnswer;
  const list =
    input.item.expected_tools || input.metadata.expected_tools || (reference !== null && typeof reference === "object" ? reference.tool_calls : null);
  return Array.isArray(list) ? list.map((tool) => (typeof tool === "string" ? tool : callName(tool))) : null;
}

function callName(call) {
  return (call.function && call.function.name) || call.name || "";
}

// 1: a known tool with all its required arguments; 0.5: some are missing; 0: unknown, or no JSON.
function validCall(call, tools) {
  const definition = tools.map((tool) => tool.function || tool).find((tool) => tool.name === callName(call));
  if (tools.length > 0 && !definition) return 0;
  let given = (call.function || call).arguments;
  if (typeof given === "string") {
    try {
      given = JSON.parse(given || "{}");
    } catch (error) {
      return 0;
    }
  }
  if (given === null || typeof given !== "object") return 0;
  const required = (definition && definition.parameters && definition.parameters.required) || [];
  return required.every((name) => given[name] !== undefined) ? 1 : 0.5;
}

// The share of the question's longer words that come back; a third of them is plenty.
function staysWithTheQuestion(replyWords, question) {
  const asked = [...new Set(words(question).filter((word) => word.length > 3))];
  if (asked.length < 2) return null;
  return Math.min(1, (3 * countShared(replyWords, asked)) / asked.length);
}

function hasGoodLength(length) {
  if (length < GOOD_LENGTH.min) return length / GOOD_LENGTH.min;
  if (length > GOOD_LENGTH.max) return Math.max(0, 1 - (length - GOOD_LENGTH.max) / (2 * GOOD_LENGTH.max));
  return 1;
}

// No leftovers of templates, no talk about being a machine.
function isClean(reply) {
  const text = reply.slice(0, 4000).toLowerCase();
  const leftovers = ["as an ai", "language model", "lorem ipsum", "[insert", "[your ", "{{", "undefined", "todo:"];
  return leftovers.some((leftover) => text.includes(leftover)) ? 0 : 1;
}

// Lower-case words and numbers of any script, of the first 3,000 characters: enough to compare, and quick.
function words(text) {
  return text.slice(0, 3000).toLowerCase().match(/[\p{L}\p{N}]+/gu) || [];
}

// How many entries two lists have in common, each counted as often as it is in both.
function countShared(left, right) {
  const counts = new Map();
  for (const entry of right) counts.set(entry, (counts.get(entry) || 0) + 1);
  let shared = 0;
  for (const entry of left) {
    const count = counts.get(entry) || 0;
    if (count > 0) {
      counts.set(entry, count - 1);
      shared += 1;
    }
  }
  return shared;
}
