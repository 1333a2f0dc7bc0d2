// Grades a support answer from 0 to 1 by four checks: does it contain the facts of the reference answer,
// does it call the right tool, is the manner right, and is the length reasonable?

function grade(input) {
  const calls = toolNames(input.toolCalls);
  const expected = input.item.expected_tool || null;
  const said = (input.response + ' ' + toolArguments(input.toolCalls)).toLowerCase();
  const reference = String(input.referenceAnswer || '').toLowerCase();

  const facts = share(factsOf(reference), said);
  const substance = Math.pow(share(contentWords(reference), said), 1.3);
  const manner = mannerOf(input.response, calls.length > 0);
  const length = lengthOf(input.response, calls.length > 0);

  let score;
  let tool = null;
  if (expected) {
    tool = calls.length === 0 ? 0.1 : calls.includes(expected) ? 1 : 0;
    score = 0.3 * tool + 0.2 * facts + 0.26 * substance + 0.14 * manner + 0.1 * length;
  } else {
    score = 0.3 * facts + 0.36 * substance + 0.16 * manner + 0.18 * length;
    if (calls.length > 0) score = score * 0.7; // a call that nobody needs costs time
  }
  // Nobody reads three paragraphs to find one sentence.
  score = score * (0.55 + 0.45 * length);
  const parts = { facts, substance, tool, manner, length };
  const reasoning = Object.keys(parts)
    .filter((name) => parts[name] !== null)
    .map((name) => name + ' ' + parts[name].toFixed(2))
    .join(', ');
  return { score: Math.max(0, Math.min(1, score)), reasoning };
}

function toolNames(calls) {
  return (calls || []).map((call) => (call.function && call.function.name) || call.name || '');
}

function toolArguments(calls) {
  return (calls || []).map((call) => (call.function && call.function.arguments) || '').join(' ');
}

// Order numbers, amounts, dates, addresses: whatever has a digit or an @ in it.
function factsOf(text) {
  return unique(words(text).filter((word) => /[0-9@]/.test(word)));
}

function contentWords(text) {
  return unique(words(text).filter((word) => word.length >= 5 && !/[0-9@]/.test(word)));
}

function words(text) {
  return (text.match(/[^\s,;:!?()"']+/g) || []).map((word) => word.replace(/\.+$/, ''));
}

function unique(list) {
  return Array.from(new Set(list));
}

// How many of the wanted words were said; without any to look for, the check says nothing bad.
function share(wanted, said) {
  if (wanted.length === 0) return said.trim().length > 12 ? 0.5 : 0;
  return wanted.filter((word) => said.includes(word)).length / wanted.length;
}

function mannerOf(response, hasCalls) {
  const text = response.toLowerCase();
  if (text.length === 0) return hasCalls ? 0.6 : 0;
  let manner = 0.3;
  if (/thank|sorry|happy to|of course|hello|hi |please/.test(text)) manner += 0.4;
  if (/i'll|i'm |we'll|you can|you'll|reply here|write back|let me/.test(text)) manner += 0.3;
  if (/contact (our|support)|try again later|unable to|don't have access/.test(text)) manner -= 0.3;
  return Math.max(0, Math.min(1, manner));
}

function lengthOf(response, hasCalls) {
  const count = words(response).length;
  if (count === 0) return hasCalls ? 1 : 0;
  if (count < 8) return hasCalls ? 1 : count / 8;
  return count <= 60 ? 1 : Math.max(0, 1 - (count - 60) / 60);
}
