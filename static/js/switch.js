// form[data-submit-on-change]: sends itself when a box in it changes; without script its button does that.
for (const form of document.querySelectorAll("form[data-submit-on-change]")) {
  form.addEventListener("change", () => form.requestSubmit());
}

// A page restored by the Back button keeps the box as it was left; the address says how it should be.
addEventListener("pageshow", (event) => {
  if (event.persisted) for (const form of document.querySelectorAll("form[data-submit-on-change]")) form.reset();
});
