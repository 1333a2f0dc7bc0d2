// Completion of the names that the page gives: paths such as `input.response` in scripts, variables within tags in templates.
import { ifNotIn } from "@codemirror/autocomplete";
import { javascriptLanguage } from "@codemirror/lang-javascript";
import { templateLanguage } from "./languages.js";

/** @typedef {import("./editor.js").Completion} Completion */
/** @typedef {import("@codemirror/autocomplete").CompletionContext} Context */

const NOT_CODE = ["String", "TemplateString", "LineComment", "BlockComment", "RegExp"];

/**
 * @param {import("./editor.js").Language} language
 * @param {Completion[]} completions
 */
export function completionOf(language, completions) {
  if (completions.length === 0) return [];
  if (language === "javascript") {
    return javascriptLanguage.data.of({ autocomplete: ifNotIn(NOT_CODE, (context) => ofScript(context, completions)) });
  }
  if (language === "template") {
    return templateLanguage.data.of({ autocomplete: (/** @type {Context} */ context) => ofTemplate(context, completions) });
  }
  return [];
}

/** @param {Context} context @param {Completion[]} completions */
function ofScript(context, completions) {
  const path = context.matchBefore(/[\w$][\w$.]*$/);
  if (!path || (!context.explicit && path.text.length < 2)) return null;
  // In the order that they came in.
  const options = completions.map((one, at) => ({ ...one, type: "property", boost: 99 - at }));
  return { from: path.from, options, validFor: /^[\w$.]*$/ };
}

/** @param {Context} context @param {Completion[]} completions */
function ofTemplate(context, completions) {
  const tag = context.matchBefore(/\{\{[{#^/&]?\s*[\w.]*$/);
  if (!tag) return null;
  const from = tag.from + tag.text.length - (/[\w.]*$/.exec(tag.text)?.[0].length ?? 0);
  const closing = tag.text.startsWith("{{{") ? "}}}" : "}}";
  const options = completions.map((one, at) => ({
    ...one,
    type: "variable",
    boost: 99 - at,
    /** Closes the tag too, where nothing does yet. */
    apply: (/** @type {import("@codemirror/view").EditorView} */ view, /** @type {unknown} */ _, /** @type {number} */ start, /** @type {number} */ end) => {
      const after = view.state.sliceDoc(end, end + closing.length);
      const there = closing.startsWith(after) || after.startsWith("}") ? (/^\}*/.exec(after)?.[0].length ?? 0) : 0;
      view.dispatch({
        changes: { from: start, to: end + there, insert: one.label + closing },
        selection: { anchor: start + one.label.length + closing.length },
        userEvent: "input.complete",
      });
    },
  }));
  return { from, options, validFor: /^[\w.]*$/ };
}
