// [data-editor]: a field for Markdown with formatting buttons, a counter that counts as the server does, and a preview
// that the server renders.
import { whenReady } from "./ready.js";

const MARKS = { bold: "**", italic: "*", strike: "~~", code: "`" };
const count = (text) => [...text.replaceAll("\r\n", "\n")].length;

whenReady("[data-editor]", (editor) => {
  const field = editor.querySelector("textarea");
  const counter = editor.querySelector("[data-count]");
  const preview = editor.querySelector("[data-preview]");
  const most = Number(editor.dataset.most);
  let wait, running;

  const measure = () => {
    const length = count(field.value);
    counter.textContent = `${length}/${most}`;
    const over = length - most;
    counter.classList.toggle("is-over", over > 0);
    field.setCustomValidity(over > 0 ? `${over} too many: at most ${most} characters.` : "");
  };

  const render = async () => {
    running?.abort();
    running = new AbortController();
    if (preview.hidden) return;
    try {
      const answer = await fetch(editor.dataset.renders, { method: "POST", body: new URLSearchParams({ body: field.value }), signal: running.signal });
      if (!answer.ok || answer.redirected) return;
      preview.lastElementChild.innerHTML = await answer.text();
    } catch { /* Aborted or offline: the note can be sent without a preview. */ }
  };

  // It takes its place at once: what came later would move a button away from a click.
  const makeRoom = () => (preview.hidden = !field.value.trim());

  const changed = () => {
    measure();
    makeRoom();
    clearTimeout(wait);
    wait = setTimeout(render, 150);
  };

  const insert = (text, from, to) => {
    field.focus();
    field.setSelectionRange(from, to);
    // Keeps the browser's undo; where this command is gone, the field is changed directly.
    if (!document.execCommand("insertText", false, text)) field.setRangeText(text, from, to, "end");
  };

  const format = (kind) => {
    const { selectionStart: from, selectionEnd: to, value } = field;
    const chosen = value.slice(from, to);
    const mark = MARKS[kind];
    if (mark) {
      insert(mark + chosen + mark, from, to);
      field.setSelectionRange(from + mark.length, to + mark.length);
    } else if (kind === "link") {
      const text = chosen || "text";
      insert(`[${text}](https://)`, from, to);
      field.setSelectionRange(from + text.length + 11, from + text.length + 11);
    } else {
      const start = value.lastIndexOf("\n", from - 1) + 1;
      const lines = value.slice(start, to).split("\n");
      insert(lines.map((line, index) => (kind === "list" ? `- ${line}` : `${index + 1}. ${line}`)).join("\n"), start, to);
    }
    changed();
  };

  editor.querySelector("[data-tools]").hidden = false;
  for (const button of editor.querySelectorAll("[data-format]")) button.addEventListener("click", () => format(button.dataset.format));
  field.addEventListener("input", changed);
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) field.form.requestSubmit();
    const kind = { b: "bold", i: "italic", k: "link" }[event.key];
    if (kind && (event.ctrlKey || event.metaKey)) { event.preventDefault(); event.stopPropagation(); format(kind); }
  });
  measure();
  makeRoom();
  render();
});
