// Full marks up to ENOUGH words, none from TOO_MANY on, a straight line between.
const ENOUGH = 80;
const TOO_MANY = 250;

function grade(input) {
  const words = helpers.wordCount(input.response);
  if (words === 0) return { score: 0, reasoning: "The answer is empty." };
  const score = Math.min(1, Math.max(0, (TOO_MANY - words) / (TOO_MANY - ENOUGH)));
  return { score, reasoning: `${words} words` };
}
