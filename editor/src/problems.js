// What is wrong: syntax errors as one types (from the parser's own tree), and what the page says (the server's errors).
import { ensureSyntaxTree, syntaxTree } from "@codemirror/language";
import { forEachDiagnostic, lintGutter, linter } from "@codemirror/lint";
import { StateEffect, StateField } from "@codemirror/state";
import { showPanel } from "@codemirror/view";

/** @typedef {import("./editor.js").Problem} Problem */
/** @typedef {import("@codemirror/state").EditorState} State */
/** @typedef {import("@codemirror/lint").Diagnostic} Diagnostic */

/** More would say nothing new: one missing bracket makes many. */
const MOST = 20;
/** What a look at the whole text may take, in ms; a longer text is looked at as far as it is parsed. */
const PARSE_MS = 50;

/** @type {import("@codemirror/state").StateEffectType<Diagnostic[]>} */
const setDiagnostics = StateEffect.define();

/** What the page said; it moves along with the text it is about. @type {StateField<Diagnostic[]>} */
const said = StateField.define({
  create: () => [],
  update(diagnostics, transaction) {
    for (const effect of transaction.effects) if (effect.is(setDiagnostics)) return effect.value;
    if (!transaction.docChanged) return diagnostics;
    return diagnostics.map((one) => ({ ...one, from: transaction.changes.mapPos(one.from, -1), to: transaction.changes.mapPos(one.to, 1) }));
  },
});

/** The page's problems at their places in the text. @param {State} state @param {Problem[]} problems */
export function setProblems(state, problems) {
  return setDiagnostics.of(
    problems.map(({ line, column, message }) => {
      const { from, to, length } = state.doc.line(Math.min(Math.max(line, 1), state.doc.lines));
      const start = column === null ? from : from + Math.min(Math.max(column - 1, 0), length);
      return { from: start < to ? start : from, to, severity: "error", message };
    }),
  );
}

/** @param {State} state @returns {Diagnostic[]} */
function syntaxErrors(state) {
  const tree = ensureSyntaxTree(state, state.doc.length, PARSE_MS) ?? syntaxTree(state);
  /** @type {Diagnostic[]} */
  const found = [];
  let lastLine = 0;
  tree.iterate({
    enter(node) {
      if (found.length >= MOST) return false;
      if (!node.type.isError) return true;
      const at = state.doc.lineAt(node.from);
      // One of a line: the others follow from it. What ends the tree early is where the parser stopped, no error.
      if (at.number !== lastLine && !(node.from >= tree.length && tree.length < state.doc.length)) found.push(diagnostic(state, node.from, node.to, at));
      lastLine = at.number;
      return false;
    },
  });
  return found;
}

/**
 * @param {State} state @param {number} from @param {number} to @param {import("@codemirror/state").Line} line
 * @returns {Diagnostic}
 */
function diagnostic(state, from, to, line) {
  const text = state.sliceDoc(from, Math.min(to, line.to)).trim().slice(0, 30);
  if (text) return { from, to: Math.min(Math.max(to, from + 1), line.to), severity: "error", message: `Unexpected “${text}”.` };
  const next = state.sliceDoc(from, line.to).trim().slice(0, 30);
  const message = next ? `Something is missing before “${next}”.` : from >= state.doc.length ? "Something is missing at the end." : "Something is missing here.";
  // An empty place cannot be underlined: the character before it is.
  return { from: Math.max(line.from, from - 1), to: from, severity: "error", message };
}

/** The first problem in words under the text, for eyes and screen readers. @param {import("@codemirror/view").EditorView} view */
function words(view) {
  const dom = document.createElement("div");
  dom.className = "code-problems";
  dom.setAttribute("role", "status");
  const write = (/** @type {State} */ state) => {
    /** @type {string[]} */
    const found = [];
    forEachDiagnostic(state, (one, from) => found.push(`Line ${state.doc.lineAt(from).number}: ${plain(one.message)}`));
    const more = found.length > 1 ? ` And ${found.length - 1} more.` : "";
    const text = found.length > 0 ? found[0] + more : "";
    if (dom.textContent !== text) dom.textContent = text;
  };
  write(view.state);
  return { dom, update: (/** @type {import("@codemirror/view").ViewUpdate} */ update) => write(update.state) };
}

/** Without the place that the server's messages begin with. @param {string} message */
const plain = (message) => message.replace(/^line \d+(, column \d+)?:\s*/i, "");

/** @param {import("./editor.js").Language} language */
export function problems(language) {
  const syntax = linter((view) => syntaxErrors(view.state), {
    delay: 400,
    needsRefresh: (update) => syntaxTree(update.startState) !== syntaxTree(update.state),
  });
  const page = linter((view) => view.state.field(said), {
    delay: 0,
    needsRefresh: (update) => update.startState.field(said) !== update.state.field(said),
  });
  // Nothing in a template is a syntax error to the tree: the server looks at it.
  return [said, language === "template" ? [] : syntax, page, lintGutter(), showPanel.of(words)];
}
