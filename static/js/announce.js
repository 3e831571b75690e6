// Says a short sentence to screen readers through the page's one live region.
const region = document.querySelector("[data-announce]");

export function announce(sentence) {
  if (!region) return;
  region.textContent = "";
  // Empties the region and fills it a moment later, so that a repeated sentence is read again.
  setTimeout(() => (region.textContent = sentence), 50);
}
