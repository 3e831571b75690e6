// [data-preview-action]: when a choice of its form changes, the server computes what the form would do, and every
// [data-part] shows it. A button with data-says takes that text, which names its effect.
import { whenReady } from "./ready.js";

whenReady("[data-preview-action]", (spot) => {
  const form = spot.closest("form");
  const secrets = () => form.querySelectorAll("input[type=password]");
  let running;
  let typed;

  const name = () => {
    for (const button of form.querySelectorAll("[data-says]")) if (button.dataset.says) button.textContent = button.dataset.says;
  };

  const preview = async () => {
    for (const field of secrets()) typed = field.value || typed;
    running?.abort();
    running = new AbortController();
    try {
      const fields = new FormData(form);
      for (const field of secrets()) fields.delete(field.name);
      const answer = await fetch(spot.dataset.previewAction, { method: "POST", body: new URLSearchParams(fields), signal: running.signal });
      if (!answer.ok || answer.redirected) return;
      const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
      for (const part of form.querySelectorAll("[data-part]")) {
        const now = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
        if (now && now.innerHTML !== part.innerHTML) part.replaceChildren(...document.importNode(now, true).childNodes);
      }
      for (const field of secrets()) field.value ||= typed ?? "";
      name();
    } catch { /* Aborted or offline: the server checks the form again when it is sent. */ }
  };

  const isSilent = (field) => field.name === "reason" || field.type === "password";
  form.addEventListener("change", (event) => { if (!isSilent(event.target)) preview(); });
  name();
});
