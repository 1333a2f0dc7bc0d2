// Is the whole answer one JSON value? A value within other words or a code fence counts half.
function grade(input) {
  if (helpers.isJson(input.response)) return { score: 1, reasoning: "The answer is JSON." };
  const found = helpers.parseJson(input.response);
  return found === null
    ? { score: 0, reasoning: "There is no JSON in the answer." }
    : { score: 0.5, reasoning: "There is JSON in the answer, with other words around it." };
}
