// Which of the fields that you need does the answer's JSON have? Name yours here.
const REQUIRED = ["answer"];

function grade(input) {
  const value = helpers.parseJson(input.response);
  if (value === null || typeof value !== "object" || Array.isArray(value)) {
    return { score: 0, reasoning: "There is no JSON object in the answer." };
  }
  const missing = REQUIRED.filter((name) => value[name] === undefined || value[name] === null || value[name] === "");
  return {
    score: (REQUIRED.length - missing.length) / REQUIRED.length,
    reasoning: missing.length ? `Missing: ${missing.join(", ")}` : "All fields are there.",
  };
}
