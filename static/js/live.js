// [data-live]: shows how many events came since the page was made. At the top of the newest page they appear by
// themselves. It listens only while the tab is visible: a browser gives all its tabs few connections to one server.
import { announce } from "./announce.js";
import { writeTimes } from "./local-time.js";

// The parts of the page that new events may change.
const PARTS = ["#history", "#entitlements", "#requests", "#offering", "#attributes", "#currencies", ".answer", ".profile-head"];
let source;
let waiting;

function listen() {
  source?.close();
  const place = document.querySelector("[data-live]");
  if (!place || document.hidden) return;
  source = new EventSource(place.dataset.live);
  source.addEventListener("news", ({ data }) => announceNews(place, Number(data)));
  source.addEventListener("steps", followSteps);
  source.addEventListener("gone", () => source.close());
}

// Waits until nobody is disturbed: what was asked must not stay on the page as it was.
async function followSteps() {
  clearTimeout(waiting);
  const page = isFree() && (await load());
  if (page === null) return;
  if (!page || !isFree()) waiting = setTimeout(followSteps, 1000);
  else {
    show(page);
    announce("What was asked has gone a step further.");
  }
}

async function announceNews(place, count) {
  const words = count === 1 ? "1 new event" : `${count} new events`;
  const page = isAtRest(place) && (await load());
  // Meanwhile somebody may have opened a menu.
  if (page && isAtRest(place)) {
    show(page);
    return announce(words);
  }
  const link = place.querySelector("a");
  link.textContent = words;
  // A link to the open page would only scroll.
  link.onclick = (event) => {
    if (!("newest" in place.dataset)) return;
    event.preventDefault();
    load().then((page) => (page ? show(page) : location.reload()));
  };
  if (place.hidden) announce(words);
  place.hidden = false;
}

// Whether new content disturbs nobody who reads, types or chooses.
function isAtRest({ dataset }) {
  return "newest" in dataset && scrollY < 40 && isFree();
}

function isFree() {
  const isBusy = document.querySelector("dialog[open], :popover-open") || document.activeElement?.closest(PARTS.join());
  return !isBusy && getSelection().isCollapsed;
}

// The page as it is now; null if it cannot be had, or is another one.
async function load() {
  const answer = await fetch(location.href).catch(() => null);
  if (!answer?.ok || answer.redirected) return null;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  return page.querySelector("[data-live]") && page;
}

function show(page) {
  for (const part of PARTS) {
    const [old, now] = [document, page].map((from) => from.querySelector(part));
    if (old && now) old.replaceWith(document.adoptNode(now));
  }
  writeTimes();
  listen();
}

document.addEventListener("visibilitychange", listen);
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", listen);
