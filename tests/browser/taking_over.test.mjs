// A project connected to another as to RevenueCat: taking over the catalog, what exists only here, and disconnecting while something
// waits. Between the two stands a proxy that breaks off when it is told to.

import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { confirm, fits, open, startBrowser, startDemo, violations } from './support.mjs';

const PROJECT = '/projects/sundial-connected';
const CONNECTIONS = `${PROJECT}/settings/connections`;
const ONLY_HERE = `${CONNECTIONS}/revenuecat/only-here`;
const here = (id) => `${PROJECT}/customers/${id}`;
const NARROW = { width: 390, height: 844 };
const WIDE = { width: 1440, height: 1000 };

let demo;
let browser;
let proxy;
const cut = { off: false };

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), startBrowser()]);
  proxy = createServer((from, to) => {
    if (cut.off) {
      from.socket.destroy();
      return;
    }
    const { hostname, port } = new URL(demo.address);
    const asked = request({ hostname, port, path: from.url, method: from.method, headers: { ...from.headers, host: `${hostname}:${port}` } }, (answer) => {
      to.writeHead(answer.statusCode, answer.headers);
      answer.pipe(to);
    });
    from.pipe(asked);
  });
  await new Promise((ready) => { proxy.listen(0, '127.0.0.1', ready); });
});
after(async () => {
  proxy.close();
  proxy.closeAllConnections();
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

/** Sends a form from the open page, as its button does. */
async function send(page, path, fields) {
  const status = await page.evaluate(async ([to, values]) => {
    const answer = await fetch(to, { method: 'POST', body: new URLSearchParams(values) });
    return answer.status;
  }, [path, fields]);
  assert.equal(status, 200, path);
}

/** No rule of WCAG 2.2 AA is broken and nothing is cut off, in light and in dark, wide and narrow. */
async function assertReadable(page, what) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    for (const size of [NARROW, WIDE]) {
      await page.setViewportSize(size);
      assert.deepEqual(await violations(page, colorScheme), [], `${what} in ${colorScheme}, ${size.width} wide`);
      assert.ok(await fits(page), `${what} is not cut off, ${size.width} wide`);
    }
  }
  await page.emulateMedia({ colorScheme: null });
}

/** Moves the focus with Tab until it is on something of which this is true. */
async function tabTo(page, what, isIt) {
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press('Tab');
    if (await page.evaluate(isIt, what)) return;
  }
  throw new Error(`no way to ${what} by Tab`);
}
const tabToWords = (page, words) => tabTo(page, words, (text) => document.activeElement?.textContent?.trim() === text);
const tabToBox = (page, words) => tabTo(page, words, (text) => document.activeElement?.closest('li')?.textContent.includes(text));

/** Presses the button that says this, having come to it with Tab. */
async function press(page, words) {
  await tabToWords(page, words);
  await page.keyboard.press('Enter');
}

test('the catalog is compared, taken over one by one and all at once, and kept in step, by keyboard alone', async () => {
  const page = await open(browser, demo, 'ada', { bypassCSP: true });
  await page.goto('/projects/sundial/catalog');
  for (const [identifier, name] of [['archive', 'Archive of all sessions'], ['studio', 'Studio']]) {
    await send(page, '/projects/sundial/catalog/entitlements', { identifier, name });
  }
  await send(page, `${PROJECT}/catalog/entitlements`, { identifier: 'ours', name: 'Only ours' });

  await page.goto(CONNECTIONS);
  await press(page, 'Compare with RevenueCat');
  await page.waitForSelector('#comparison form.stack');
  assert.match(await page.textContent('#comparison'), /Taking all of it over would do this: 2 entitlements added/);
  assert.match(await page.textContent('#only-here'), /Entitlement Only ours/);
  await assertReadable(page, 'what differs');

  await tabToBox(page, 'Studio');
  await page.keyboard.press('Space');
  await press(page, 'Take over the ticked ones');
  await page.waitForSelector('text=1 entitlement added.');
  await page.waitForFunction(() => !document.querySelector('#comparison').textContent.includes('Archive of all sessions'));
  assert.match(await page.textContent('#comparison'), /Studio/, 'what was not ticked still differs');
  await press(page, 'Take over all');
  await page.waitForSelector('text=Nothing differs.');

  await press(page, 'Back to the connection');
  await page.waitForSelector('#catalog');
  await press(page, 'Keep it in step');
  await page.waitForSelector('dialog:modal');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), 'Keep it in step', 'the focus returns');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal');
  await press(page, 'Keep it in step');
  await page.waitForSelector('#catalog .badge:has-text("Kept in step")');
  await assertReadable(page, 'the connection');
  await press(page, 'Stop keeping it in step');
  await page.waitForSelector('dialog:modal');
  await press(page, 'Stop');
  await page.waitForFunction(() => /No: it changes only when somebody/.test(document.querySelector('#catalog').textContent));
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

/** Parts the projects, does something here alone, and connects them again through the proxy. */
async function fillOnlyHere() {
  const page = await open(browser, demo, 'ada', { bypassCSP: true });
  await page.goto(CONNECTIONS);
  await page.click('text=Disconnect');
  await confirm(page, 'dialog:modal .button--danger');
  await page.waitForSelector('text=This project only takes webhooks.');
  for (const id of ['leila.haddad', 'mateo.silva', 'lena.okafor_4471']) {
    await send(page, `${here(id)}/grants`, { entitlement: 'coach', duration: 'weekly', reason: 'An outage' });
    await send(page, `${here(id)}/attributes`, { key: 'seat', value: '4', new: '1' });
  }
  await page.waitForTimeout(1100);
  await send(page, `${CONNECTIONS}/revenuecat`, {
    project: 'sundial', v2_key: demo.keys.server, v1_key: '', base_url: `http://127.0.0.1:${proxy.address().port}`,
  });
  await page.goto(`${ONLY_HERE}?kind=grant`);
  await assertReadable(page, 'what exists only here');
  await page.context().close();
}

test('what exists only here is pushed or kept, one by one and all at once, without script', async () => {
  await fillOnlyHere();
  const page = await open(browser, demo, 'ada', { javaScriptEnabled: false, viewport: NARROW });
  const decide = (words) => page.click(`#only-here button:has-text("${words}")`);
  const untick = (id) => page.uncheck(`#only-here li:has-text("${id}") input`);
  await page.goto(CONNECTIONS);
  assert.match(await page.textContent('#only-here'), /only here: 3 grants and 3 attributes/);
  await page.click('#only-here a:has-text("See them")');
  const everybody = ['leila.haddad', 'mateo.silva', 'lena'];
  await untick('mateo.silva');
  await untick('lena');
  await decide('Push the ticked ones');
  assert.match(await page.textContent('#only-here'), /Grants \(2\)/);
  await untick('lena');
  await decide('Keep the ticked ones here');
  assert.match(await page.textContent('#only-here'), /Grants \(1\)[\s\S]*lena/);
  for (const name of everybody.slice(0, 2)) assert.doesNotMatch(await page.textContent('#only-here ul'), new RegExp(name));
  await decide('Keep all 1 here');
  assert.match(await page.textContent('#only-here'), /Grants \(0\)[\s\S]*No grants exist only here\./);
  await page.click('.chips a:has-text("Attributes")');
  await decide('Push all 3');
  assert.match(await page.textContent('main'), /Attributes \(0\)/);

  const there = await open(browser, demo, 'sol');
  for (let attempt = 0; attempt < 40; attempt += 1) {
    await there.goto('/projects/sundial/customers/mateo.silva');
    if (/seat/.test(await there.textContent('#attributes'))) break;
    await there.waitForTimeout(200);
  }
  assert.match(await there.textContent('#attributes'), /seat/, 'what was pushed is there');
  assert.doesNotMatch(await there.textContent('#entitlements'), /Granted entitlement/, 'what was kept is not');
  await there.goto('/projects/sundial/customers/leila.haddad');
  assert.match(await there.textContent('#entitlements'), /Granted entitlement/);
  for (const one of [page, there]) await one.context().close();
});

test('whoever disconnects says what becomes of what waits', async () => {
  const page = await open(browser, demo, 'ada', { viewport: NARROW, bypassCSP: true });
  await page.goto(CONNECTIONS);
  cut.off = true;
  await send(page, `${here('mateo.silva')}/offering`, { offering: 'winback' });
  await page.goto(CONNECTIONS);
  await page.click('text=Disconnect');
  await page.waitForSelector('dialog:modal');
  assert.match(await page.textContent('dialog'), /1 request is not sent yet\. What becomes of it\?/);
  await assertReadable(page, 'the dialog');
  await page.setViewportSize(NARROW);
  await confirm(page, 'dialog .button--danger');
  assert.ok(await page.isVisible('dialog:modal'), 'a choice is needed');
  await page.check('dialog input[value=here]');
  await confirm(page, 'dialog .button--danger');
  await page.waitForSelector('text=This project only takes webhooks.');
  await page.goto(here('mateo.silva'));
  assert.match(await page.textContent('#offering'), /Win-back/, 'it is carried out here');
  assert.match(await page.textContent('#requests'), /Carried out here only/);
  await page.goto('/projects/sundial/customers/mateo.silva');
  assert.doesNotMatch(await page.textContent('#offering'), /Chosen for this customer/i, 'and not there');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
