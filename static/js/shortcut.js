// Ctrl/Cmd+K anywhere, and "/" outside fields, go to the form[data-search] box with its text selected.
const input = document.querySelector("form[data-search] input[type=search]");

document.addEventListener("keydown", (event) => {
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const slash = event.key === "/" && bare && !typing;
  const k = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey;
  if (!input || !(slash || k) || document.querySelector("dialog:modal")) return;
  event.preventDefault();
  input.focus();
  input.select();
});
