// Pages show UTC. Hover, focus and a tap show a time exactly, in UTC and in the viewer's own zone; the button at the foot
// switches the zone of all times.
const button = document.querySelector("[data-zone]");
// A date without a clock belongs to no zone.
const TIMES = "time[datetime*=T]";
const DAY = { day: "numeric", month: "short" };
const CLOCK = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };
// The zone of the account; the browser's own where the account has none, or one that this browser does not know.
const zone = { timeZone: known(document.documentElement.dataset.timeZone) };
const local = (time, ...format) => new Date(time.dateTime).toLocaleString("en-GB", Object.assign({}, zone, DAY, ...format));

function known(timeZone) {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).resolvedOptions().timeZone;
  } catch {
    return known();
  }
}

const tip = Object.assign(document.createElement("p"), { className: "tip", id: "tip", hidden: true });
tip.setAttribute("role", "tooltip");
document.body.append(tip);
let anchor, wait;

function describe(time) {
  // The browser's own tooltip would repeat it; the first line of the title is UTC.
  if (time.title) [time.dataset.exact] = time.title.split("\n");
  time.removeAttribute("title");
  const { exact, utc } = time.dataset;
  return `${exact ?? utc ?? time.textContent}\n${local(time, { weekday: "short", year: "numeric" }, CLOCK)}, your time`;
}

function show(from, times) {
  hide();
  if (!times.length) return;
  tip.textContent = times.map(describe).join("\n");
  tip.hidden = false;
  anchor = from;
  anchor.setAttribute("aria-describedby", "tip");
  place();
}

function place() {
  const [at, own] = [anchor, tip].map((box) => box.getBoundingClientRect());
  tip.style.left = `${Math.max(8, Math.min(at.left, innerWidth - own.width - 8))}px`;
  tip.style.top = `${at.bottom + own.height < innerHeight ? at.bottom : at.top - own.height}px`;
}

function hide() {
  clearTimeout(wait);
  tip.hidden = true;
  anchor?.removeAttribute("aria-describedby");
}

const on = (type, listener) => document.addEventListener(type, listener, true);
on("pointerover", ({ target }) => {
  const time = target.closest(TIMES);
  if (time) show(time, [time]);
  else if (target === tip) clearTimeout(wait);
});
on("pointerout", ({ target, pointerType }) => {
  if (pointerType === "mouse" && target.closest(`${TIMES}, .tip`)) wait = setTimeout(hide, 200);
});
on("pointerdown", ({ target }) => target.closest(TIMES) || hide());
on("keydown", ({ key }) => key === "Escape" && hide());
// Moving the focus scrolls.
on("scroll", () => (!tip.hidden && anchor.matches(":focus") ? place() : hide()));
on("focusout", hide);
// Focus on a row's link shows the times of the row.
on("focusin", ({ target }) => {
  const row = target.matches("a:focus-visible") && target.closest("tr, li");
  if (row) show(target, [...row.querySelectorAll(TIMES)]);
});

function write(own) {
  for (const time of document.querySelectorAll(TIMES)) {
    const utc = (time.dataset.utc ??= time.textContent);
    const [year, clock, second] = [/\d{4}/, / UTC$/, /:\d\d:/].map((part) => part.test(utc));
    // "2 hours ago" is the same everywhere.
    if (!clock && !/^\d+ \w{3}( \d{4})?$/.test(utc)) continue;
    const format = [year && { year: "numeric" }, clock && CLOCK, second && { second: "2-digit" }];
    time.textContent = own ? local(time, ...format) : utc;
  }
  button.previousElementSibling.textContent = own ? "Times are in your zone, months and the picture in UTC." : "All times are UTC.";
  button.textContent = own ? "Show them in UTC" : `Show them in my zone (${zone.timeZone.replaceAll("_", " ")})`;
}

const isOwn = () => localStorage.zone === "own";

// For content that arrived later.
export const writeTimes = () => button && write(isOwn());

if (button) {
  // In UTC there is nothing to choose.
  button.hidden = /^(Etc\/)?UTC$/.test(zone.timeZone);
  button.onclick = () => write((localStorage.zone = isOwn() ? "utc" : "own") === "own");
  write(isOwn());
}
