// form[data-search]: while somebody types, the server's suggestions appear under the box, as the HTML that it sent; before
// that, the person's own test customers.
import { announce } from "./announce.js";
import { combobox } from "./combobox.js";

const form = document.querySelector("form[data-search]");
const panel = form?.querySelector("[data-suggestions]");
if (panel) {
  const input = form.querySelector("input[type=search]");
  let wait, running;
  const stop = () => { clearTimeout(wait); running?.abort(); };
  const close = () => { stop(); show(false); };

  const ask = async () => {
    stop();
    running = new AbortController();
    try {
      const query = new URLSearchParams({ q: input.value.trim(), suggest: 1 });
      const answer = await fetch(`${form.action}?${query}`, { signal: running.signal, headers: { Accept: "text/html" } });
      // A log-in page or an error is no list of suggestions.
      if (!answer.ok || answer.redirected) return close();
      panel.innerHTML = await answer.text();
      const count = show(panel.childElementCount > 0);
      if (count || input.value.trim()) announce(`${count} suggestions`);
    } catch { /* Aborted or offline: Enter still searches. */ }
  };

  const show = combobox(input, panel, ask);
  input.addEventListener("input", () => { stop(); wait = setTimeout(ask, 120); });
  input.addEventListener("focus", ask);
  input.addEventListener("keydown", (event) => { if (event.key === "Escape") stop(); });
  // A search field drops the ends of pasted lines, which would glue an id to the word after it.
  input.addEventListener("paste", (event) => {
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!/[\r\n]/.test(text.trim())) return;
    event.preventDefault();
    input.setRangeText(text.trim().replace(/[\r\n]+/g, " "), input.selectionStart, input.selectionEnd, "end");
    input.dispatchEvent(new Event("input"));
  });
  form.addEventListener("submit", close);
  form.addEventListener("focusout", (event) => { if (!form.contains(event.relatedTarget)) close(); });
}
