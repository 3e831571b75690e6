// A text field with a list of options under it. Arrows choose, Enter opens the chosen option, Escape closes the list, and
// ArrowDown asks for a closed list again.
export function combobox(input, panel, ask) {
  let chosen = -1;
  const options = () => [...panel.querySelectorAll("[role=option]")];
  const aria = (values) => { for (const name in values) input.setAttribute(`aria-${name}`, values[name]); };

  const choose = (index) => {
    chosen = index;
    options().forEach((option, at) => option.setAttribute("aria-selected", at === index));
    aria({ activedescendant: options()[index]?.id ?? "" });
    options()[index]?.scrollIntoView({ block: "nearest" });
  };

  const show = (open) => {
    panel.hidden = !open;
    aria({ expanded: open });
    choose(-1);
    return options().length;
  };

  input.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (panel.hidden) { if (event.key === "ArrowDown") ask(); return; }
    const count = options().length;
    const step = { ArrowDown: (chosen + 1) % count, ArrowUp: (chosen < 1 ? count : chosen) - 1 }[event.key];
    if (event.key === "Escape") show(false);
    else if (count && step !== undefined) choose(step);
    else if (event.key === "Enter" && chosen >= 0) options()[chosen].click();
    else return;
    event.preventDefault();
  });

  input.setAttribute("role", "combobox");
  aria({ autocomplete: "list", controls: panel.id, expanded: false });
  return show;
}
