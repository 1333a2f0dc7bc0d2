// Did the answer call a tool that there is, or rightly none?
function grade(input) {
  const known = input.tools.map((tool) => (tool.function || tool).name);
  const called = input.toolCalls.map((call) => (call.function || call).name);
  if (called.length === 0) {
    // Without tools there is nothing to select. With tools, say here when one is a must.
    return known.length === 0
      ? { score: 1, reasoning: "There are no tools." }
      : { score: input.response.trim() ? 0.5 : 0, reasoning: "No tool was called." };
  }
  const unknown = called.filter((name) => !known.includes(name));
  return {
    score: (called.length - unknown.length) / called.length,
    reasoning: unknown.length ? `Not among the tools: ${unknown.join(", ")}` : `Called ${called.join(", ")}`,
  };
}
