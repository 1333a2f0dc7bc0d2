// Turns a text area into a code editor (CodeMirror 6). The text area stays the form's field: it is hidden, its value follows what
// is typed, and each change is told by an `input` event of it, as if one had typed there. `ui::CodeEditor` (Rust) loads this file
// by `open.js` and calls what it exports; nothing here knows the domain.
import { autocompletion, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentLess, indentMore, isolateHistory } from "@codemirror/commands";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintKeymap } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Annotation, Compartment, EditorState, Prec } from "@codemirror/state";
import { EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers } from "@codemirror/view";
import { completionOf } from "./completion.js";
import { languageOf } from "./languages.js";
import { problems, setProblems } from "./problems.js";
import { lookOf } from "./look.js";

/** @typedef {"javascript" | "json" | "template"} Language */
/** @typedef {{ label: string, detail: string, info: string }} Completion */
/** @typedef {{ line: number, column: number | null, message: string }} Problem */
/** @typedef {{ text?: string, label?: string, readonly?: boolean, completions?: Completion[], problems?: Problem[] }} State */

/** Marks a change that came from outside: it is not told to the outside again. */
const fromOutside = Annotation.define();

/** Characters from which a text is long, and how long one pauses before it is handed over. */
const LONG = 32_768;
const PAUSE_MS = 200;

/** Words for screen readers. */
const said = (/** @type {string} */ words) => EditorView.announce.of(words);

/** One editor in the place of one text area. */
class Editor {
  /**
   * @param {HTMLTextAreaElement} area
   * @param {Language} language
   * @param {State} state
   */
  constructor(area, language, state) {
    this.area = area;
    this.language = language;
    this.completion = new Compartment();
    this.editable = new Compartment();
    this.attributes = new Compartment();
    this.tabLeaves = false;
    /** What the page knows. */
    this.told = area.value;
    /** Something typed is not told yet. */
    this.isWaiting = false;
    /** @type {number | undefined} */
    this.timer = undefined;
    this.onPress = () => this.tellNow();
    document.addEventListener("pointerdown", this.onPress, true);
    const height = area.offsetHeight;
    const hadFocus = area.ownerDocument.activeElement === area;
    const [from, to] = [area.selectionStart, area.selectionEnd];
    this.view = new EditorView({ doc: area.value, extensions: this.extensions() });
    if (height > 0) this.view.dom.style.height = `${height}px`;
    area.hidden = true;
    area.after(this.view.dom);
    this.update(state);
    if (hadFocus) {
      const length = this.view.state.doc.length;
      this.view.dispatch({ selection: { anchor: Math.min(from, length), head: Math.min(to, length) } });
      this.view.focus();
    }
  }

  extensions() {
    return [
      EditorView.cspNonce.of(pageNonce()),
      lookOf(this.language),
      lineNumbers(),
      highlightActiveLineGutter(),
      highlightSpecialChars(),
      foldGutter(),
      history(),
      indentUnit.of("  "),
      EditorState.tabSize.of(2),
      indentOnInput(),
      bracketMatching(),
      closeBrackets(),
      highlightActiveLine(),
      highlightSelectionMatches(),
      search({ top: true }),
      autocompletion({ icons: false, tooltipClass: () => "code-completions" }),
      languageOf(this.language),
      problems(this.language),
      this.completion.of([]),
      this.editable.of([]),
      this.attributes.of([]),
      Prec.highest(EditorView.domEventHandlers({ keydown: (event, view) => this.onKey(event, view), blur: () => this.onBlur() })),
      keymap.of([
        ...closeBracketsKeymap,
        ...defaultKeymap,
        ...searchKeymap,
        ...historyKeymap,
        ...foldKeymap,
        ...completionKeymap,
        ...lintKeymap,
        { key: "Tab", run: insertIndent, shift: indentLess },
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !update.transactions.some((transaction) => transaction.annotation(fromOutside))) this.tellSoon();
      }),
    ];
  }

  /** Tells the page what was typed: at once, but of a long text when one pauses, because all of it is handed over. */
  tellSoon() {
    clearTimeout(this.timer);
    if (this.view.state.doc.length < LONG) return this.tell();
    this.timer = setTimeout(() => this.tell(), PAUSE_MS);
    this.isWaiting = true;
  }

  tell() {
    clearTimeout(this.timer);
    this.isWaiting = false;
    this.told = this.view.state.doc.toString();
    this.area.value = this.told;
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  /** What is done next may want the text: whatever it is begins outside, by leaving the editor or by a press. */
  tellNow() {
    if (this.isWaiting) this.tell();
  }

  /**
   * The first Esc frees Tab (and closes nothing around), the second one is the page's; any other key takes Tab back.
   * @param {KeyboardEvent} event
   * @param {EditorView} view
   */
  onKey(event, view) {
    if (event.key === "Escape") {
      const closesSomething = completionStatus(view.state) !== null || view.dom.querySelector(".cm-search") !== null;
      if (closesSomething) {
        event.stopPropagation();
        return false;
      }
      if (this.tabLeaves) return false;
      this.freeTab(true);
      view.dispatch({ effects: said("Tab now leaves the editor.") });
      event.stopPropagation();
      event.preventDefault();
      return true;
    }
    if (this.tabLeaves && !["Tab", "Shift"].includes(event.key)) this.freeTab(false);
    // Keys of the page (`/`, `j`, `?`) are letters here.
    if (!event.ctrlKey && !event.metaKey && !event.altKey) event.stopPropagation();
    return false;
  }

  onBlur() {
    this.freeTab(false);
    this.tellNow();
  }

  /** @param {boolean} free */
  freeTab(free) {
    this.tabLeaves = free;
    this.view.setTabFocusMode(free);
  }

  /** Takes over what changed outside. @param {State} state */
  update(state) {
    const effects = [];
    if (state.completions) effects.push(this.completion.reconfigure(completionOf(this.language, state.completions)));
    if (state.readonly !== undefined) {
      // Not `editable.of(false)`: what cannot be changed can still be reached and read by keyboard.
      effects.push(this.editable.reconfigure(EditorState.readOnly.of(state.readonly)));
    }
    if (state.label !== undefined) {
      const describedBy = this.area.getAttribute("aria-describedby") ?? "";
      const readonly = state.readonly ? { "aria-readonly": "true" } : {};
      // Said outright, for it is a region that scrolls: an editable text is reached by Tab anyway.
      const attributes = { "aria-label": state.label, "aria-describedby": describedBy, tabindex: "0", ...readonly };
      effects.push(this.attributes.reconfigure(EditorView.contentAttributes.of(attributes)));
    }
    // What it was told by itself is no news, and may be older than what is typed by now.
    const text = state.text === undefined || state.text === this.told ? undefined : lineBreaks(state.text);
    if (text !== undefined) {
      clearTimeout(this.timer);
      this.isWaiting = false;
      this.told = text;
    }
    const changes = text === undefined || text === this.view.state.doc.toString() ? undefined : this.replacing(text);
    if (effects.length > 0 || changes) {
      // A step of its own for undo.
      this.view.dispatch({ effects, changes, annotations: [fromOutside.of(true), isolateHistory.of("full")] });
    }
    // After the text that they are about.
    if (state.problems) this.view.dispatch({ effects: setProblems(this.view.state, state.problems) });
  }

  /** The change from the document to `text`: only what differs, so that the cursor stays where it can. @param {string} text */
  replacing(text) {
    const old = this.view.state.doc.toString();
    const most = Math.min(old.length, text.length);
    let start = 0;
    while (start < most && old[start] === text[start]) start++;
    let end = 0;
    while (end < most - start && old[old.length - 1 - end] === text[text.length - 1 - end]) end++;
    return { from: start, to: old.length - end, insert: text.slice(start, text.length - end) };
  }

  /** Writes `text` where the cursor is, and goes on there. @param {string} text */
  insert(text) {
    if (this.view.state.readOnly) return;
    this.view.dispatch(this.view.state.replaceSelection(text), { userEvent: "input.paste", scrollIntoView: true });
    this.view.focus();
  }

  destroy() {
    clearTimeout(this.timer);
    this.isWaiting = false;
    document.removeEventListener("pointerdown", this.onPress, true);
    this.view.destroy();
    this.area.hidden = false;
  }
}

/** @param {EditorView} view */
function insertIndent(view) {
  if (view.state.readOnly) return false;
  if (view.state.selection.ranges.some((range) => !range.empty)) return indentMore(view);
  view.dispatch(view.state.replaceSelection("  "), { userEvent: "input", scrollIntoView: true });
  return true;
}

/** What the document makes of other line breaks: a text area does the same. @param {string} text */
const lineBreaks = (text) => text.replace(/\r\n?/g, "\n");

/** The page's own nonce: the policy lets nothing style the page but its style sheet and what carries it. */
function pageNonce() {
  return document.querySelector("script[nonce]")?.nonce ?? "";
}

/**
 * Puts an editor in the place of `area`.
 * @param {HTMLTextAreaElement} area
 * @param {Language} language
 * @param {State} state
 */
export function enhance(area, language, state) {
  return new Editor(area, language, state);
}
