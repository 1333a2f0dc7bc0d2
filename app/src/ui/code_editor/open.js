// Between the page (Rust) and the code editor (/pkg/editor.js), which is loaded when the first one is opened. Until it is there, and
// if it cannot be loaded, the text area does what is asked. Nothing here throws: its caller could not go on.

export class OpenEditor {
  #editor = null;
  #isClosed = false;
  /** What the editor starts with; later states change parts of it. */
  #state = {};

  /**
   * @param {HTMLTextAreaElement} area
   * @param {"javascript" | "json" | "template"} language
   */
  constructor(area, language) {
    this.area = area;
    import("/pkg/editor.js")
      .then((module) => {
        if (this.#isClosed || !area.isConnected) return;
        this.#editor = module.enhance(area, language, this.#state);
        area.dispatchEvent(new Event("editorready"));
      })
      .catch((error) => console.warn("The code editor could not be loaded; its plain text area works without it.", error));
  }

  /** Takes over the parts of a state that are named. @param {string} json */
  update(json) {
    const state = JSON.parse(json);
    Object.assign(this.#state, state);
    this.#try(() => this.#editor?.update(state));
  }

  /** The text changed in the page (or is what was typed). @param {string} text */
  setText(text) {
    this.#try(() => this.#editor?.update({ text }));
  }

  /** Writes `text` where the cursor is. @param {string} text */
  insert(text) {
    if (this.#editor) return this.#try(() => this.#editor.insert(text));
    if (this.area.readOnly) return;
    this.area.setRangeText(text, this.area.selectionStart, this.area.selectionEnd, "end");
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
    this.area.focus();
  }

  /** Its component is gone. */
  close() {
    this.#isClosed = true;
    this.#try(() => this.#editor?.destroy());
    this.#editor = null;
  }

  /** @param {() => void} work */
  #try(work) {
    try {
      work();
    } catch (error) {
      console.warn("The code editor failed.", error);
    }
  }
}
