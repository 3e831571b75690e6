// Says a short sentence to screen readers through the page's one live region.
const region = document.querySelector("[data-announce]");

export function announce(sentence) {
  if (!region) return;
  region.textContent = "";
  // Emptied first and filled a moment later, so that the same sentence twice is read twice.
  setTimeout(() => (region.textContent = sentence), 50);
}
