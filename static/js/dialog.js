// a[data-dialog-link] links to the page with a dialog open; this fetches the dialog and opens it in place. A dialog that
// the server opened becomes modal. A closed dialog stays in the page, so it still has the typed text when it opens again.
import { ready } from "./ready.js";

const page = document.querySelectorAll("header, main, footer");
const known = new Map();

function show(dialog, href) {
  for (const element of document.querySelectorAll("dialog[open]")) element.close();
  for (const part of page) part.inert = false;
  dialog.removeAttribute("open");
  if (!dialog.isConnected) document.body.append(dialog);
  if (!dialog.dataset.ready) {
    dialog.dataset.ready = "";
    dialog.addEventListener("click", (event) => {
      const close = event.target.closest("[data-close]");
      if (!close && event.target !== dialog) return;
      event.preventDefault();
      dialog.close();
    });
    ready(dialog);
  }
  if (href) known.set(href, dialog);
  dialog.showModal();
  // Loaded only for a dialog with an editor.
  if (dialog.querySelector("[data-editor]")) import("./editor.js");
}

async function open(link) {
  const dialog = known.get(link.href) ?? (await load(link.href));
  if (dialog) show(dialog, link.href);
  else location.assign(link.href);
}

async function load(href) {
  try {
    const answer = await fetch(href, { headers: { Accept: "text/html" } });
    if (!answer.ok || answer.redirected) return null;
    const dialog = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("dialog[data-dialog]");
    return dialog && document.importNode(dialog, true);
  } catch { return null; }
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-dialog-link]");
  if (!link || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  event.preventDefault();
  for (const menu of document.querySelectorAll(":popover-open")) menu.hidePopover();
  open(link);
});

const served = document.querySelector("dialog[data-dialog]");
if (served) {
  show(served);
  // A reload of this address would open it again.
  const address = new URL(location.href);
  address.searchParams.delete("dialog");
  if (location.search.includes("dialog=")) history.replaceState(null, "", address);
  // After a form was refused, the address is that of the form, which cannot be opened.
  else if (served.querySelector("a[data-close]")) {
    const back = new URL(served.querySelector("a[data-close]").href);
    back.hash = "";
    history.replaceState(null, "", back);
  }
}

// A second click does not send a form again; coming back to the page allows it again.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) event.preventDefault();
  else form.dataset.sent = "1";
});
addEventListener("pageshow", () => { for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent; });
