// [data-counted="500"]: near the limit of its field it shows the length, counted as the server does; beyond the limit the
// form cannot be sent.
import { whenReady } from "./ready.js";

whenReady("[data-counted]", (box) => {
  const field = box.querySelector("input, textarea");
  const counter = box.querySelector("[data-count]");
  const most = Number(box.dataset.counted);

  const measure = () => {
    const length = [...field.value.replaceAll("\r\n", "\n")].length;
    const over = length - most;
    counter.hidden = length < most * 0.8;
    counter.textContent = `${length}/${most}`;
    counter.classList.toggle("is-over", over > 0);
    field.setCustomValidity(over > 0 ? `${over} too many: at most ${most} characters.` : "");
  };

  field.addEventListener("input", measure);
  measure();
});
