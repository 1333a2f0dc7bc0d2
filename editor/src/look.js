// The editor's looks: only the theme's tokens (style/tokens.css), so that both themes and a switch between them need nothing here.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const colours = HighlightStyle.define([
  { tag: [tags.keyword, tags.modifier, tags.operatorKeyword, tags.controlKeyword, tags.definitionKeyword, tags.moduleKeyword, tags.self, tags.null, tags.bool], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp, tags.escape], color: "var(--code-string)" },
  { tag: [tags.number], color: "var(--code-number)" },
  { tag: [tags.comment], color: "var(--code-comment)", fontStyle: "italic" },
  { tag: [tags.function(tags.variableName), tags.function(tags.definition(tags.variableName)), tags.function(tags.propertyName)], color: "var(--code-function)" },
  { tag: [tags.propertyName, tags.variableName, tags.definition(tags.variableName)], color: "var(--text)" },
  { tag: tags.brace, color: "var(--text-muted)" },
  { tag: [tags.operator, tags.punctuation, tags.separator, tags.squareBracket, tags.paren], color: "var(--text-muted)" },
  { tag: tags.invalid, color: "var(--failed-text)" },
]);
const jsonKeys = HighlightStyle.define([{ tag: tags.propertyName, color: "var(--code-property)" }]);
const templateNames = HighlightStyle.define([
  { tag: tags.variableName, color: "var(--code-function)" },
  { tag: tags.brace, color: "var(--code-keyword)" },
]);

const frame = EditorView.theme({
  "&": { flex: "1", minWidth: "0", minHeight: "5em", color: "var(--text)", background: "none", fontSize: "0.8125rem", resize: "vertical", overflow: "hidden" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--font-mono)", lineHeight: "1.55" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--accent)" },
  ".cm-line": { padding: "0 10px 0 4px" },
  ".cm-gutters": { color: "var(--text-faint)", background: "var(--card)", borderRight: "1px solid var(--border)" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "34px", padding: "0 4px 0 6px" },
  ".cm-activeLine": { background: "var(--code-line)" },
  ".cm-activeLineGutter": { color: "var(--text)", background: "var(--code-line)" },
  "&.cm-focused .cm-matchingBracket, .cm-matchingBracket": { background: "var(--accent-soft)", outline: "1px solid var(--accent)", color: "inherit" },
  "&.cm-focused .cm-nonmatchingBracket": { background: "var(--failed-soft)", color: "var(--failed-text)" },
  ".cm-selectionMatch": { background: "var(--code-match)" },
  ".cm-searchMatch": { background: "var(--attention-soft)", outline: "1px solid var(--attention)" },
  ".cm-searchMatch-selected": { background: "var(--accent-soft)", outline: "2px solid var(--accent)" },
  ".cm-panels": { color: "var(--text)", background: "var(--card)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--border)" },
  ".cm-panels-bottom": { borderTop: "0" },
  ".cm-panel.cm-search": { fontFamily: "var(--font)", padding: "5px 28px 5px 8px", display: "flex", flexWrap: "wrap", gap: "4px 6px", alignItems: "center" },
  ".cm-panel.cm-search br": { flexBasis: "100%", content: "''" },
  ".cm-panel.cm-search label": { display: "inline-flex", gap: "4px", alignItems: "center", fontSize: "0.75rem", margin: "0" },
  ".cm-panel.cm-search input[type=checkbox]": { width: "auto", margin: "0" },
  ".cm-textfield": { width: "auto", flex: "1 1 130px", minWidth: "0", margin: "0", color: "var(--text)", background: "var(--inset)", border: "1px solid var(--border-strong)", borderRadius: "4px", height: "26px", minHeight: "0", padding: "0 6px", fontSize: "0.75rem" },
  ".cm-button": { color: "var(--text)", background: "var(--raised)", backgroundImage: "none", border: "1px solid var(--border-strong)", borderRadius: "4px", margin: "0", height: "26px", minHeight: "0", padding: "0 8px", fontSize: "0.75rem" },
  ".cm-panel.cm-search [name=close]": { color: "var(--text-muted)", fontSize: "1rem" },
  ".cm-tooltip": { color: "var(--text)", background: "var(--raised)", border: "1px solid var(--border-strong)", borderRadius: "6px", boxShadow: "var(--shadow)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--font-mono)", maxWidth: "min(700px, 90vw)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "3px 8px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { color: "var(--text)", background: "var(--selected)", boxShadow: "inset 3px 0 var(--accent)" },
  ".cm-completionDetail": { color: "var(--text-muted)", fontStyle: "normal" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent-text)", fontWeight: "700" },
  ".cm-completionInfo": { fontFamily: "var(--font)", maxWidth: "320px", padding: "6px 10px" },
  ".cm-diagnostic": { fontFamily: "var(--font)", padding: "6px 10px", borderLeft: "3px solid var(--failed)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--failed) 1px", textUnderlineOffset: "3px" },
  ".cm-lintPoint-error:after": { borderBottomColor: "var(--failed)" },
  ".cm-lint-marker-error": { content: "none", background: "var(--failed)", borderRadius: "50%", width: "9px", height: "9px", margin: "5px 2px" },
  ".cm-gutter-lint": { width: "13px" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-foldGutter span": { color: "var(--text-faint)" },
  ".cm-foldPlaceholder": { color: "var(--text-muted)", background: "var(--selected)", border: "1px solid var(--border-strong)" },
  ".code-problems": { fontFamily: "var(--font)", fontSize: "0.8125rem", color: "var(--failed-text)", background: "var(--failed-soft)", padding: "4px 10px", borderTop: "1px solid var(--failed)" },
  // (Not hidden: what is not there when its words come is not read out.)
  ".code-problems:empty": { padding: "0", border: "0" },
});

/** @param {import("./editor.js").Language} language */
export const lookOf = (language) => [
  frame,
  language === "json" ? syntaxHighlighting(jsonKeys) : language === "template" ? syntaxHighlighting(templateNames) : [],
  syntaxHighlighting(colours),
];
