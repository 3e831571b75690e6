// Hostile texts (attacks.mjs) wherever the program shows what came from outside: nothing runs, nothing is requested, nothing of
// the page around them changes, and each is shown as the text that it is. `DOSSIER_ATTACKS=all` tries all; without it, a part.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { some, upTo } from './attacks.mjs';
import { customer, open, startBrowser, startDemo } from './support.mjs';

const IS_ALL = process.env.DOSSIER_ATTACKS === 'all';
const few = (texts, count) => (IS_ALL ? texts : some(texts, count));
/** How many notes a customer has: of all, as many as a project may allow, so that few pages hold many. */
const NOTES = IS_ALL ? 100 : 60;
const SEARCH = '/projects/sundial/customers';

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => {
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

/** A logged-in page that notes whatever hostile text could do: scripts, dialogs, requests, navigations, reports of the policy. */
async function watched(who, options = {}) {
  const page = await open(browser, demo, who, options);
  page.findings = page.complaints;
  const found = (what) => page.findings.push(what);
  page.on('dialog', (dialog) => { found(`dialog ${dialog.message()}`); dialog.dismiss().catch(() => {}); });
  page.on('popup', (popup) => found(`popup ${popup.url()}`));
  page.on('download', (download) => found(`download ${download.url()}`));
  page.on('frameattached', (frame) => found(`frame ${frame.url()}`));
  page.on('request', (request) => { if (!isExpected(request, page.expects)) found(`${request.method()} ${request.url()}`); });
  await page.exposeFunction('found', found);
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      window.found(`policy ${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  return page;
}

/** Whether a page that was opened at `expected` makes this request by itself. */
function isExpected(request, expected) {
  const url = new URL(request.url());
  if (url.origin !== demo.address || request.method() !== 'GET') return false;
  const own = new URL(expected ?? '/', demo.address);
  if (request.isNavigationRequest()) return url.href === own.href;
  // What the field of the search asks for when it gets the focus.
  if (url.pathname === SEARCH && url.searchParams.has('suggest')) return true;
  const isLive = decodeURIComponent(url.pathname) === decodeURIComponent(`${own.pathname}/live`);
  return isLive || url.pathname.startsWith('/static/') || url.pathname === '/favicon.ico';
}

async function visit(page, path) {
  page.expects = path;
  const answer = await page.goto(path, { waitUntil: 'load' });
  assert.equal(answer.status(), 200, path);
}

/** Touches every element of the page in every way. A link of the page itself leads nowhere meanwhile, a hostile one would. */
async function pokeAll(page) {
  await page.evaluate(async () => {
    const stay = (event) => {
      const link = event.target.closest?.('a[href], area[href]');
      const isHostile = /^\s*(javascript|vbscript|data):/i.test(link?.getAttribute('href') ?? '');
      if (isHostile || (!link && event.type !== 'submit')) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    };
    for (const type of ['click', 'auxclick', 'submit']) addEventListener(type, stay, true);
    const made = (kind, types) => types.split(' ').map((type) => () => new kind(type, { key: 'x',
      bubbles: true, cancelable: true, composed: true }));
    const touches = [
      ...made(PointerEvent, 'pointerover pointerenter pointerdown pointerup click auxclick contextmenu'),
      ...made(MouseEvent, 'mouseover mouseenter mousemove mousedown mouseup dblclick mouseout'), ...made(WheelEvent, 'wheel'),
      ...made(FocusEvent, 'focusin focus blur'), ...made(KeyboardEvent, 'keydown keyup'),
        ...made(ToggleEvent, 'beforetoggle toggle'),
      ...made(DragEvent, 'dragstart drag drop'), ...made(ClipboardEvent, 'copy cut paste'),
        ...made(AnimationEvent, 'animationstart animationend'),
      ...made(TransitionEvent, 'transitionend'), ...made(Event, 'scroll load error close cancel select'),
    ];
    for (const element of document.querySelectorAll('*')) {
      for (const touch of touches) element.dispatchEvent(touch());
      if (element.tabIndex >= 0) element.focus({ preventScroll: true });
    }
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    await new Promise((done) => setTimeout(done, 50));
  });
}

/** The page without what stands in `inner`: the name of each element with the names of its attributes. */
const skeleton = (page, inner) => page.evaluate((within) => {
  const outside = [...document.querySelectorAll('*')].filter((element) => !element.parentElement?.closest(within));
  return outside.map((element) => [element.localName, ...element.getAttributeNames()].join(' '));
}, inner);

async function post(page, path, form) {
  const headers = { 'sec-fetch-site': 'same-origin' };
  const answer = await page.request.post(demo.address + path, { form, headers, maxRedirects: 0 });
  return answer.status();
}

let events = 0;
async function deliver(fields) {
  events += 1;
  const at = Date.now();
  const event = { id: `hostile-${events}`, type: 'TRIAL_STARTED', event_timestamp_ms: at, environment: 'PRODUCTION',
    ...fields };
  const answer = await fetch(`${demo.address}/webhooks/revenuecat/sundial`, {
    method: 'POST', headers: { authorization: demo.webhook, 'content-type': 'application/json' },
      body: JSON.stringify({ event }),
  });
  assert.equal(answer.status, 200);
  return event.id;
}

/** The texts in groups, as many as one page shows. */
const groups = (texts, size) => Array.from({ length: Math.ceil(texts.length / size) },
  (_, at) => texts.slice(at * size, (at + 1) * size));

/** With the policy, whose reports are findings; and without it, as if there were no second lock. */
const CONTEXTS = [{}, { bypassCSP: true }];

/** What a note may be made of (§3). */
const foreignInNotes = (page) => page.evaluate(() => {
  const allowed = { p: [], br: [], strong: [], em: [], del: [], code: [], ul: [], ol: ['start'], li: [], a: ['href', 'rel'] };
  const isForeign = (element) => !allowed[element.localName]
    || element.getAttributeNames().some((name) => !allowed[element.localName].includes(name))
    || (element.hasAttribute('href') && !['http:', 'https:', 'mailto:'].includes(element.protocol));
  return [...document.querySelectorAll('.note__body *')].filter(isForeign).map((element) => element.outerHTML);
});

async function allowManyNotes(page) {
  page.expects = '/projects/sundial/settings?dialog=project-edit';
  await page.goto(page.expects);
  const dialog = page.locator('dialog form[action$="settings/project"]');
  const form = await dialog.evaluate((element) => Object.fromEntries(new FormData(element)));
  assert.equal(await post(page, '/projects/sundial/settings/project', { ...form, note_count: String(NOTES) }), 303);
}

test('hostile notes do nothing, and the page around them stays as it is', async () => {
  const admin = await watched('ada');
  await allowManyNotes(admin);
  const notes = few(upTo(255), NOTES);
  // The last group is as full as the others.
  const plain = (count) => Array(count).fill('plain');
  const all = [plain(NOTES), ...groups(notes, NOTES).map((group) => [...group, ...plain(NOTES - group.length)])];
  let refused = 0;
  for (const [at, group] of all.entries()) {
    await deliver({ app_user_id: `notes-${String(at).padStart(3, '0')}` });
    for (const body of group) {
      const status = await post(admin, `${customer(`notes-${String(at).padStart(3, '0')}`)}/notes`, { body });
      refused += status === 303 ? 0 : 1;
    }
  }
  assert.equal(refused, 0, 'every note is accepted');
  await admin.context().close();
  for (const options of CONTEXTS) {
    const page = await watched('sol', options);
    let around;
    for (const at of all.keys()) {
      const path = customer(`notes-${String(at).padStart(3, '0')}`);
      await visit(page, path);
      assert.equal(await page.locator('.note').count(), NOTES, path);
      assert.deepEqual(await foreignInNotes(page), [], path);
      const outside = await skeleton(page, '.note__body');
      around ??= outside;
      assert.deepEqual(outside, around, path);
      await pokeAll(page);
      assert.deepEqual(page.findings, [], path);
    }
    await page.context().close();
  }
  console.log(`${notes.length} hostile notes`);
});

/** Whether a text is shown as it is typed; others have spaces or characters that are shown as signs or codes. */
const isPlain = (text) => /^[!-~]+( [!-~]+)*$/.test(text);
const name = (kind, at) => `${kind}-${String(at).padStart(3, '0')}`;

test('hostile searches do nothing and stay in the field as they were typed', async () => {
  const page = await watched('vera');
  const texts = few(upTo(500), 10);
  for (const text of texts) {
    await visit(page, `${SEARCH}?q=${encodeURIComponent(text)}`);
    const typed = await page.locator('input[name=q]').last().inputValue();
    // What stands around it goes, and a field of one line leaves line ends out.
    assert.equal(typed, text.trim().replace(/[\r\n]/g, ''));
    if (isPlain(text) && text.length < 80) assert.equal(await page.locator('main bdi').first().textContent(), text);
    await pokeAll(page);
    assert.deepEqual(page.findings, [], text);
  }
  await page.context().close();
  console.log(`${texts.length} hostile searches`);
});

test('customers with hostile ids and countries can be opened from the list', async () => {
  const texts = few(upTo(100), 12);
  for (const text of texts) {
    await deliver({ app_user_id: text, country_code: text, subscriber_attributes: { $displayName: { value: text } } });
  }
  const page = await watched('vera');
  const opened = new Set();
  for (let next = `${SEARCH}?list=all`; next !== null;) {
    await visit(page, next);
    const rows = await page.locator('tbody .who a').evaluateAll((links) => links.map((link) => link.getAttribute('href')));
    rows.forEach((href) => opened.add(decodeURIComponent(href.split('/customers/')[1])));
    await pokeAll(page);
    assert.deepEqual(page.findings, [], next);
    next = await page.evaluate(() => document.querySelector('a[rel=next]')?.getAttribute('href') ?? null);
  }
  for (const text of few(texts, 4)) {
    await visit(page, customer(text));
    assert.equal(await page.locator('#details [data-copy]').first().getAttribute('data-copy'), text);
    await pokeAll(page);
    assert.deepEqual(page.findings, [], text);
  }
  assert.deepEqual(texts.filter((text) => !opened.has(text)), []);
  await page.context().close();
  console.log(`${texts.length} hostile ids`);
});

test('hostile attributes, ids and products are shown as the text that they are', async () => {
  const all = groups(few(upTo(500), 40), 50);
  const last = [];
  for (const [at, texts] of all.entries()) {
    const short = texts.filter((text) => [...text].length <= 100);
    const values = Object.fromEntries(texts.map((value, key) => [name('key', key), { value }]));
    const said = ['$displayName', '$email', '$mediaSource', '$campaign', '$adGroup', '$ad', '$keyword', '$creative', '$ip',
      '$idfa'];
    said.forEach((key, place) => { values[key] = { value: texts[place % texts.length] }; });
    await deliver({ app_user_id: name('values', at), aliases: short, country_code: short[0], subscriber_attributes: values });
    for (const text of short) {
      await deliver({
        app_user_id: name('values', at), type: 'INITIAL_PURCHASE', product_id: text, transaction_id: `${at} ${text}`,
          store: text, entitlement_ids: [text],
        presented_offering_id: text, currency: text, price: 1, period_type: text, offer_code: text, app_id: text, purchased_at_ms: Date.now(),
      });
      last[at] = await deliver({ app_user_id: name('values', at), type: text });
    }
  }
  for (const options of CONTEXTS) {
    const page = await watched('ada', options);
    for (const [at, texts] of all.entries()) {
      const path = customer(name('values', at));
      await visit(page, `${path}?all=ids`);
      const short = texts.filter((text) => [...text].length <= 100);
      const shown = await page.evaluate(() => ({
        values: Object.fromEntries([...document.querySelectorAll('#attributes-list dt')]
          .map((key) => [key.textContent, key.nextElementSibling.textContent])),
        ids: [...document.querySelectorAll('#app-user-ids [data-copy]')].map((copy) => copy.dataset.copy),
        text: document.body.textContent,
      }));
      texts.forEach((text, key) => assert.equal(shown.values[name('key', key)], text));
      assert.deepEqual(new Set(shown.ids), new Set([name('values', at), ...short]));
      short.filter(isPlain).forEach((text) => assert.ok(shown.text.includes(text), text));
      await pokeAll(page);
      assert.deepEqual(page.findings, [], path);
      await visit(page, `${path}/events/${last[at]}`);
      await pokeAll(page);
      assert.deepEqual(page.findings, [], `an event of ${path}`);
    }
    await page.context().close();
  }
  console.log(`${all.flat().length} hostile values`);
});

test('hostile names of what the team makes do nothing on any page of the settings', async () => {
  const page = await watched('ada');
  const project = '/projects/sundial';
  // Each is four rows of the catalog and of the keys.
  const texts = some(upTo(100), IS_ALL ? 300 : 10).map((text) => text.replace(/[\n\t\f\r\u0001\u200B\u00AD\u00A0]/g, ' ').trim());
  for (const [at, text] of texts.entries()) {
    const made = [
      await post(page, `${project}/settings/keys`, { name: text, for: 'server.viewer' }),
      await post(page, `${project}/catalog/entitlements`, { identifier: name('e', at), name: text }),
      await post(page, `${project}/catalog/offerings`, { identifier: name('o', at),
        name: text, metadata: JSON.stringify({ text }) }),
      await post(page, `${project}/catalog/products`, { store: 'app_store', identifier: name('p', at),
        name: text, kind: 'consumable' }),
    ];
    assert.ok(made.every((status) => status < 400), `${text}: ${made}`);
  }
  await post(page, '/account/name', { name: texts[2] });
  for (const path of ['/catalog', '/catalog/offerings/o-000', '/settings', '/settings/keys', '/settings/audit',
    '/settings/people', '/customers', '/overrides']) {
    await visit(page, project + path);
    await pokeAll(page);
    assert.deepEqual(page.findings, [], path);
  }
  await page.context().close();
  console.log(`${texts.length} hostile names`);
});
