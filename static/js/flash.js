// Shows the flash once: without its parameter in the address a reload does not show it again. Escape hides it.
const flash = document.querySelector("[data-flash]");
const address = new URL(location.href);
if (address.searchParams.has("done")) {
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}
if (flash) {
  const hide = () => flash.remove();
  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hide(); });
  if (!flash.querySelector("form")) setTimeout(hide, 12_000);
}
