// The flash is said once: its address would say it again on reload. It can be waved away.
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
