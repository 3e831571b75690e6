// [data-preview-action]: when a choice of its form changes, the server computes what the form would do, and every
// [data-part] shows it. A button with data-says takes that text, which names its effect.
import { whenReady } from "./ready.js";

function copyAttributes(from, to) {
  for (const { name } of [...to.attributes]) if (!from.hasAttribute(name)) to.removeAttribute(name);
  for (const { name, value } of from.attributes) to.setAttribute(name, value);
  to.textContent = from.textContent;
}

whenReady("[data-preview-action]", (spot) => {
  const form = spot.closest("form");
  const secrets = () => form.querySelectorAll("input[type=password]");
  let running;
  let typed;
  // While it is computed, what stands there is not of the choice any more.
  const isComputing = (is) => (spot.ariaBusy = String(is));

  const name = () => {
    for (const button of form.querySelectorAll("[data-says]")) if (button.dataset.says) button.textContent = button.dataset.says;
  };

  const preview = async () => {
    for (const field of secrets()) typed = field.value || typed;
    running?.abort();
    const own = (running = new AbortController());
    isComputing(true);
    try {
      const fields = new FormData(form);
      for (const field of secrets()) fields.delete(field.name);
      const answer = await fetch(spot.dataset.previewAction, { method: "POST", body: new URLSearchParams(fields), signal: own.signal });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of form.querySelectorAll("[data-part]")) {
        const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
        if (!now || now.innerHTML === part.innerHTML) continue;
        const [button, fresher] = [part, now].map((from) => from.querySelector(":scope > button"));
        // A button that is being pressed must stay where it is.
        if (button && fresher) copyAttributes(fresher, button);
        else part.replaceChildren(...document.importNode(now, true).childNodes);
      }
      for (const field of secrets()) field.value ||= typed ?? "";
      name();
    } catch { /* Aborted or offline: the server checks the form again when it is sent. */ } finally {
      if (own === running) isComputing(false);
    }
  };

  // Until the answer is here, a button names nothing that may not be so any more.
  const unname = () => {
    for (const button of form.querySelectorAll("[data-plain]")) button.textContent = button.dataset.plain;
  };

  let soon;
  form.addEventListener("input", ({ target }) => {
    if (isSilent(target) || target.type === "radio" || target.localName === "select") return;
    unname();
    isComputing(true);
    clearTimeout(soon);
    soon = setTimeout(preview, 250);
  });
  const isSilent = (field) => field.name === "reason" || field.type === "password";
  form.addEventListener("change", (event) => {
    if (isSilent(event.target)) return;
    clearTimeout(soon);
    preview();
  });
  name();
});
