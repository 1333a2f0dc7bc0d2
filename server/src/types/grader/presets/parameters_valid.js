// Do the arguments of every tool call follow the tool's own schema?
function grade(input) {
  if (input.toolCalls.length === 0) return { score: 1, reasoning: "No tool was called." };
  const problems = [];
  let valid = 0;
  for (const call of input.toolCalls) {
    const name = (call.function || call).name;
    const tool = input.tools.map((one) => one.function || one).find((one) => one.name === name);
    const text = (call.function || call).arguments;
    const value = typeof text === "string" ? (helpers.isJson(text) ? JSON.parse(text) : undefined) : text;
    if (value === undefined) problems.push(`${name}: the arguments are no JSON`);
    else if (!tool) problems.push(`${name}: no such tool`);
    else {
      const found = helpers.matchesSchema(value, tool.parameters || { type: "object" });
      if (found.valid) valid += 1;
      else problems.push(`${name}: ${found.errors[0]}`);
    }
  }
  return { score: valid / input.toolCalls.length, reasoning: problems.join("; ") || "All arguments are valid." };
}
