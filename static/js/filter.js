// input[data-filter="id of a list"]: hides the list's [data-filter-text] rows that do not hold what is typed.
import { announce } from "./announce.js";

for (const input of document.querySelectorAll("input[data-filter]")) {
  const list = document.getElementById(input.dataset.filter);
  const rows = [...list.querySelectorAll("[data-filter-text]")];
  const folds = [...list.querySelectorAll("details:not([open])")];
  const none = list.querySelector("[data-filter-none]");

  const apply = () => {
    const wanted = input.value.trim().toLocaleLowerCase();
    for (const row of rows) row.hidden = !row.dataset.filterText.toLocaleLowerCase().includes(wanted);
    const found = rows.filter((row) => !row.hidden).length;
    if (none) none.hidden = found > 0;
    // Folded parts open for the search and fold again after it.
    for (const fold of folds) fold.open = wanted !== "";
    announce(`${found} of ${rows.length} shown`);
  };

  // Typing, Escape and the field's own cross all send this event.
  input.addEventListener("input", apply);
  if (input.value) apply();
}
