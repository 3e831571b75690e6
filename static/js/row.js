// The tab of the page that is open is in sight, also where there is no room for all.
document.querySelector(".tabs [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

// What lies above a row's link, to explain itself on hover, opens the row like everything else in it.
document.addEventListener("click", (event) => {
  const link = event.target.closest("tr, li")?.querySelector(".row-link");
  if (link && !event.target.closest("a")) link.dispatchEvent(new MouseEvent("click", event));
});
