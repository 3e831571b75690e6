// form[data-submit-on-change]: sends the form when a box in it changes; without script its button does that.
for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// A page that the Back button restores keeps the box as it was left; this sets it back to what the address says.
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form[data-submit-on-change]")) form.reset();
});
