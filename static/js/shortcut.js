// Ctrl/Cmd+K anywhere, and "/" outside fields, go to the form[data-search] box with its text selected.
const input = document.querySelector("form[data-search] input[type=search]");

if (/Mac|iP/.test(navigator.platform)) document.querySelectorAll(".search__keys").forEach((keys) => (keys.textContent = "⌘ K"));

document.addEventListener("keydown", (event) => {
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  const slash = event.key === "/" && bare && !typing;
  const k = event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.altKey;
  if (!input || !(slash || k)) return;
  event.preventDefault();
  input.focus();
  input.select();
});
