// Pages of other origins that try to use somebody's session, and a walk through everything that each role is shown: no control
// is refused, and no page breaks its own content security policy. `DOSSIER_WALK=all` opens twenty pages of each kind.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { LENA, open, startBrowser, startDemo } from './support.mjs';

let demo;
let browser;
let strangers;
before(async () => { [demo, browser, strangers] = await Promise.all([startDemo(), startBrowser(), startStrangers()]); });
after(async () => {
  await browser.close();
  strangers.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

/** A server of somebody else. It answers with the page in its query, on 127.0.0.1 and, as another site, on localhost. */
async function startStrangers() {
  const server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(new URL(request.url, 'http://x').searchParams.get('page'));
  });
  await new Promise((ready) => server.listen(0, ready));
  return server;
}
const strange = (host, page) => `http://${host}:${strangers.address().port}/?page=${encodeURIComponent(page)}`;

const ENCODINGS = ['application/x-www-form-urlencoded', 'text/plain', 'multipart/form-data'];
/** Forms that a stranger would like to send: address and fields. */
const WANTED = [
  [`${LENA}/notes`, { body: 'from a stranger' }],
  [`${LENA}/attributes`, { key: 'stranger', value: 'x' }],
  [`${LENA}/grants`, { entitlement: 'coach', duration: 'lifetime', reason: 'stranger' }],
  [`${LENA}/star`, {}],
  ['/account/name', { name: 'A stranger' }],
  ['/account/sessions/end-others', {}],
  ['/logout', {}],
  ['/login', { email: 'a@b', password: 'c' }],
];

test('a form on a page of another origin is refused, and changes nothing', async () => {
  const page = await open(browser, demo, 'ada');
  const shown = async () => {
    await page.goto(`${LENA}?topic=team`);
    const parts = [await page.locator('main').innerHTML(), await page.locator('body > header').innerText()];
    // Keys of forms are new each time.
    return parts.join('').replace(/[0-9a-f-]{20,}|since=\d+/g, '');
  };
  const before = await shown();
  for (const host of ['localhost', '127.0.0.1']) {
    // From another port of the same host a browser calls it the same site, and sends the cookie.
    for (const [path, fields] of host === 'localhost' ? WANTED : WANTED.slice(0, 3)) {
      for (const kind of path.endsWith('/notes') ? ENCODINGS : ENCODINGS.slice(0, 1)) {
        const inputs = Object.entries(fields).map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
        const form = `<form method=post enctype="${kind}" action="${demo.address}${path}">${inputs}<button>Win</button></form>`;
        await page.goto(strange(host, form));
        const answered = page.waitForResponse((response) => response.url() === demo.address + path);
        await page.click('button');
        const answer = await answered;
        assert.equal(answer.status(), 403, `${host} ${path} ${kind}`);
        assert.equal(answer.headers()['set-cookie'], undefined, path);
      }
    }
    // Scripts get no answer to read either.
    await page.goto(strange(host, '<h1>x</h1>'));
    const read = await page.evaluate(async ([address, note]) => {
      const [method, body, credentials] = ['POST', 'body=x', 'include'];
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const attempts = [{ credentials }, { method, body, credentials, headers }, { method, body, credentials, mode: 'no-cors' }];
      const answers = await Promise.allSettled(attempts.map((attempt) => fetch(address + note, attempt)));
      return answers.map((one) => one.value?.type ?? 'failed');
    }, [demo.address, `${LENA}/notes`]);
    assert.ok(read.every((type) => type === 'failed' || type === 'opaque'), read.join());
  }
  assert.equal(await shown(), before, 'nothing has changed, and the session lives');
  await page.context().close();
});

test('no page can be put into a frame', async () => {
  const page = await open(browser, demo, 'ada');
  const refused = [];
  page.on('console', (message) => { if (message.text().includes('frame-ancestors')) refused.push(message.text()); });
  const paths = [LENA, '/login', '/account', '/projects/sundial/settings', '/nope', `${LENA}/export.json`];
  for (const host of ['localhost', '127.0.0.1']) {
    for (const path of paths) {
      const address = demo.address + path;
      await page.goto(strange(host, `<iframe src="${address}"></iframe><object data="${address}"></object>`));
      const frames = page.frames().slice(1).map((frame) => frame.locator('body'));
      const texts = await Promise.all(frames.map((body) => body.innerText({ timeout: 2_000 }).catch(() => '')));
      assert.ok(!texts.join('').match(/Lena|Ada|Email|Log in|Settings|not found/i), `${path}: ${texts}`);
    }
  }
  assert.ok(refused.length >= paths.length, `${refused.length} refusals`);
  await page.context().close();
});

const FOLDERS = ['customers', 'events', 'products/[^/]+', 'entitlements', 'offerings', 'packages', 'keys', 'people', 'invitations',
  'rejected', 'endpoints', 'deliveries', 'notes', 'grants', 'jobs'];
const OF_MANY = new RegExp(`(${FOLDERS.join('|')})/[^/]+`, 'g');
/** An address without what names one of many things of a kind, so that few of each kind are opened. */
const kindOf = (address) => {
  const url = new URL(address);
  const path = url.pathname.replace(OF_MANY, '$1/*');
  const query = [...url.searchParams].map(([name, value]) => (name === 'dialog' ? value.split('.')[0] : name));
  return `${path}?${query.filter((name) => name !== 'done').sort().join('&')}`;
};

/** The addresses and the forms of a page. */
const found = (page, html) => page.evaluate((text) => {
  const shown = new DOMParser().parseFromString(text, 'text/html');
  const sends = (form) => [form, ...form.elements].filter((one) => one === form || one.hasAttribute('formaction'))
    .map((one) => one.getAttribute(one === form ? 'action' : 'formaction'));
  const forms = [...shown.querySelectorAll('form[method=post]')];
  return { links: [...shown.querySelectorAll('a[href], area[href]')].map((link) => link.getAttribute('href')),
    actions: forms.flatMap(sends) };
}, html);

/**
 * Opens `most` of every kind of address that is shown to somebody, and gathers the forms on the way: in the browser, or only from
 * the server, which is quicker.
 */
async function walk(page, most, inBrowser) {
  const [seen, forms, refused] = [new Map(), new Map(), []];
  const queue = ['/projects/sundial/customers', LENA, `${LENA}?sandbox=1`].map((path) => demo.address + path);
  for (let address = queue.shift(); address !== undefined; address = queue.shift()) {
    const kind = kindOf(address);
    if ((seen.get(kind) ?? 0) >= most) continue;
    seen.set(kind, (seen.get(kind) ?? 0) + 1);
    const isFile = /\.(csv|json)(\?|$)/.test(address);
    const answer = await (inBrowser && !isFile ? page.goto(address, { waitUntil: 'load' }) : page.request.get(address));
    if (answer.status() !== 200) refused.push(`${answer.status()} ${address}`);
    if (isFile) continue;
    const { links, actions } = await found(page, await answer.text());
    const here = (path) => new URL(path, address).href.split('#')[0];
    queue.push(...links.map(here).filter((link) => link.startsWith(demo.address)));
    actions.map(here).forEach((action) => forms.set(kindOf(action), action));
  }
  return { refused, forms: [...forms.values()], kinds: seen.size };
}

const MOST = process.env.DOSSIER_WALK === 'all' ? 20 : 1;

for (const who of ['vera', 'sol', 'dev', 'ada']) {
  test(`nothing that ${who} is shown is refused, and no page breaks its policy`, async () => {
    const page = await open(browser, demo, who);
    const reports = [];
    await page.exposeFunction('reported', (what) => reports.push(what));
    await page.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) => {
        window.reported(`${event.violatedDirective} ${event.blockedURI} on ${location.href}`);
      });
    });
    // Everybody's pages are among Ada's.
    const { refused, forms, kinds } = await walk(page, MOST, who === 'ada' || MOST > 1);
    assert.deepEqual([refused, reports, page.complaints], [[], [], []]);
    assert.ok(kinds > 10, `${kinds} kinds of pages`);
    // What is sent is not valid, so that little happens; forms without fields act on the demo. The log-out comes last.
    const isLast = (action) => action.endsWith('/logout') || action.endsWith('/end-others');
    for (const action of forms.sort((a, b) => isLast(a) - isLast(b))) {
      const sent = { form: { once: 'x' }, headers: { 'sec-fetch-site': 'same-origin' }, maxRedirects: 0 };
      const status = (await page.request.post(action, sent)).status();
      assert.ok(![401, 403, 404, 405].includes(status) && status < 500, `${status} ${action}`);
    }
    console.log(`${who}: ${kinds} kinds of pages, ${forms.length} of forms`);
    await page.context().close();
  });
}
