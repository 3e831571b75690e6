// Scrolls to the tab of the open page where not all tabs fit.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// Elements above a row's link, which show a tip on hover, open the row like everything else in it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("tr, li")?.querySelector(".row-link");
  if (link && !event.target.closest("a")) link.dispatchEvent(new MouseEvent("click", event));
});
