// [data-live]: tells how many events came since the page was made. At the top of the newest page they slip in by
// themselves. It listens only while somebody looks: a browser gives all its tabs few connections to one server.
import { announce } from "./announce.js";
import { writeTimes } from "./local-time.js";

// What news of a customer may change.
const PARTS = ["#history", "#entitlements", ".answer"];
let source;

function listen() {
  source?.close();
  const place = document.querySelector("[data-live]");
  if (!place || document.hidden) return;
  source = new EventSource(place.dataset.live);
  source.addEventListener("news", ({ data }) => tell(place, Number(data)));
  source.addEventListener("gone", () => source.close());
}

async function tell(place, count) {
  const words = count === 1 ? "1 new event" : `${count} new events`;
  if (isAtRest(place) && (await slipIn())) return announce(words);
  const link = place.querySelector("a");
  link.textContent = words;
  // To the page that is open already a link would only scroll.
  link.onclick = (event) => {
    if (!("newest" in place.dataset)) return;
    event.preventDefault();
    slipIn().then((done) => done || location.reload());
  };
  if (place.hidden) announce(words);
  place.hidden = false;
}

// Nothing moves under the hands of somebody who reads, types or chooses.
function isAtRest({ dataset }) {
  const isBusy = document.querySelector("dialog[open], :popover-open") || document.activeElement?.closest(PARTS.join());
  return "newest" in dataset && scrollY < 40 && !isBusy && getSelection().isCollapsed;
}

async function slipIn() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  if (!page.querySelector("[data-live]")) return false;
  for (const part of PARTS) {
    const [old, now] = [document, page].map((from) => from.querySelector(part));
    if (old && now) old.replaceWith(document.adoptNode(now));
  }
  writeTimes();
  listen();
  return true;
}

document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", listen);
