// The languages: JavaScript and JSON as CodeMirror knows them, and Mustache tags within plain text.
import { javascript } from "@codemirror/lang-javascript";
import { json } from "@codemirror/lang-json";
import { LanguageSupport, StreamLanguage } from "@codemirror/language";
import { EditorView } from "@codemirror/view";

/** @typedef {{ tag: "" | "name" | "comment" }} TemplateState */

/** Mustache: `{{name}}`, `{{{name}}}`, `{{#section}}`, `{{^inverted}}`, `{{/section}}`, `{{! comment}}`. */
export const templateLanguage = StreamLanguage.define({
  name: "template",
  /** @returns {TemplateState} */
  startState: () => ({ tag: "" }),
  copyState: (state) => ({ ...state }),
  token(stream, /** @type {TemplateState} */ state) {
    if (state.tag === "") {
      if (stream.match(/^\{\{!/)) {
        state.tag = "comment";
        return "comment";
      }
      if (stream.match(/^\{\{[{&]?/)) {
        state.tag = "name";
        return "brace";
      }
      // Up to what may begin a tag.
      if (!stream.match(/^[^{]+/)) stream.next();
      return null;
    }
    if (stream.match(/^\}\}\}?/)) {
      const was = state.tag;
      state.tag = "";
      return was === "comment" ? "comment" : "brace";
    }
    if (state.tag === "comment") {
      if (!stream.match(/^[^}]+/)) stream.next();
      return "comment";
    }
    if (stream.eatSpace()) return null;
    if (stream.match(/^[#^/>]/)) return "keyword";
    if (stream.match(/^[^\s{}]+/)) return "variableName";
    stream.next();
    return "invalid";
  },
  languageData: { closeBrackets: { brackets: ["{"] } },
});

/** @param {import("./editor.js").Language} language */
export function languageOf(language) {
  if (language === "javascript") return javascript();
  if (language === "json") return json();
  // Prose has long lines.
  return [new LanguageSupport(templateLanguage), EditorView.lineWrapping];
}
