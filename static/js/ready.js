// Behaviours of elements that may arrive later, inside a dialog: each registers with `whenReady`, `ready` runs them all.
const behaviours = [];

export const whenReady = (selector, behave) => {
  behaviours.push([selector, behave]);
  for (const element of document.querySelectorAll(selector)) start(element, behave);
};

export function ready(root) {
  for (const [selector, behave] of behaviours) for (const element of root.querySelectorAll(selector)) start(element, behave);
}

const started = new WeakMap();
function start(element, behave) {
  const done = started.get(element) ?? new Set();
  if (done.has(behave)) return;
  started.set(element, done.add(behave));
  behave(element);
}
