// Pages speak UTC. A <time> says the viewer's own time in its tooltip, and [data-zone] names the zone once, at the foot.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const format = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });

function explain(event) {
  const time = event.target.closest?.("time[datetime]") ?? event.target.querySelector?.(":scope > time[datetime]");
  // A date without a clock belongs to no zone.
  if (!time || "local" in time.dataset || !time.dateTime.includes("T")) return;
  const moment = new Date(time.dateTime);
  if (Number.isNaN(moment.getTime())) return;
  time.dataset.local = "";
  time.title = [time.title, `Your time: ${format.format(moment)}`].filter(Boolean).join("\n");
}

document.addEventListener("pointerover", explain);
document.addEventListener("focusin", explain);

for (const place of document.querySelectorAll("[data-zone]")) {
  place.textContent = `Point at a time to read it in yours (${zone.replaceAll("_", " ")}).`;
}
