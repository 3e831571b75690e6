// A project connected to another as to RevenueCat: connecting, checking, a grant that arrives there, a refusal, and an answer that is
// lost. Between the two stands a proxy that loses answers when it is told to.

import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { after, before, test } from 'node:test';
import { confirm, fits, open, startBrowser, startDemo, violations } from './support.mjs';

const CONNECTIONS = '/projects/sundial-connected/settings/connections';
const here = (id) => `/projects/sundial-connected/customers/${id}`;
const there = (id) => `/projects/sundial/customers/${id}`;

let demo;
let browser;
let proxy;
const losing = { answers: 0 };

before(async () => {
  [demo, browser] = await Promise.all([startDemo(), startBrowser()]);
  proxy = createServer((from, to) => {
    const { hostname, port } = new URL(demo.address);
    const asked = request({ hostname, port, path: from.url, method: from.method, headers: { ...from.headers, host: `${hostname}:${port}` } }, (answer) => {
      if (from.method === 'POST' && losing.answers > 0) {
        losing.answers -= 1;
        answer.resume();
        answer.on('end', () => from.socket.destroy());
        return;
      }
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

test('an admin ends a connection, connects again, and sees what the key may', async () => {
  const page = await open(browser, demo, 'ada', { bypassCSP: true });
  await page.goto(CONNECTIONS);
  await page.click('text=Disconnect');
  await page.waitForSelector('dialog:modal');
  await confirm(page, 'dialog .button--danger');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('main'), /This project only takes webhooks\./);
  await page.click('a:has-text("Connect")[data-dialog-link]');
  await page.waitForSelector('dialog:modal');
  assert.deepEqual(await violations(page), [], 'the dialog');
  await page.fill('#project', 'sundial');
  await page.fill('#v2_key', 'sk_wrong_key_of_nobody');
  await page.click('dialog summary');
  await page.fill('#base_url', `http://127.0.0.1:${proxy.address().port}`);
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog [aria-invalid=true], dialog .field__reason, dialog [id$="-reason"]');
  assert.match(await page.textContent('dialog'), /The key of version 2 is refused/);
  assert.equal(await page.inputValue('#v2_key'), '', 'a key never comes back');
  await page.fill('#v2_key', demo.keys.server);
  await confirm(page, 'dialog .button--main');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('#connections'), /Connected[\s\S]*Grant access[\s\S]*Works/);
  assert.deepEqual(await violations(page), [], 'the page');
  await page.click('text=Check connection');
  await page.waitForSelector('text=The connection is checked.');
  await page.setViewportSize({ width: 390, height: 844 });
  assert.ok(await fits(page), 'nothing is cut off at 390 px');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a grant appears at the other side, and its event is the same row', async () => {
  const page = await open(browser, demo, 'sol', { viewport: { width: 390, height: 844 }, bypassCSP: true });
  await page.goto(`${here('leila.haddad')}?dialog=grant`);
  await page.waitForSelector('dialog:modal');
  assert.match(await page.textContent('dialog'), /RevenueCat is asked first\./);
  assert.deepEqual(await violations(page), [], 'the dialog');
  await page.fill('#reason', 'An outage');
  await confirm(page, 'dialog .button--main');
  await page.waitForSelector('[data-flash]');
  await page.waitForFunction(() => /Granted entitlement/.test(document.querySelector('#entitlements').textContent), null, { timeout: 8000 });
  assert.match(await page.textContent('#requests'), /Granting coach until .*· done[\s\S]*Asked by Sol Mbeki: An outage/);
  assert.ok(await fits(page), 'nothing is cut off');
  const other = await open(browser, demo, 'sol');
  await other.goto(there('leila.haddad'));
  assert.match(await other.textContent('#entitlements'), /Granted entitlement/);
  await page.waitForTimeout(1500);
  await page.reload();
  const rows = await page.locator('#history').textContent();
  assert.equal(rows.match(/Was granted the Coach entitlement for/g).length, 1, rows);
  for (const one of [page, other]) {
    assert.deepEqual(one.complaints, []);
    await one.context().close();
  }
});

test('what the other side refuses is said in its words, and changes nothing', async () => {
  const page = await open(browser, demo, 'sol', { javaScriptEnabled: false });
  await page.goto(here('lena.okafor_4471'));
  await page.goto(await page.locator('#entitlements a[href*="dialog=extend"]').first().getAttribute('href'));
  await page.fill('#days', '3');
  await page.fill('#reason', 'An outage');
  await confirm(page, 'dialog .button--main');
  assert.match(await page.innerText('#entitlements .request'), /not done[\s\S]*not connected to the App Store/, 'without opening anything');
  await page.context().close();
});

test('an answer that is lost becomes known on the open page', async () => {
  const page = await open(browser, demo, 'sol');
  losing.answers = 1;
  await page.goto(`${here('mateo.silva')}?dialog=grant`);
  await page.waitForSelector('dialog:modal');
  await confirm(page, 'dialog .button--main');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.innerText('#requests'), /not known yet whether it was done/);
  assert.match(await page.innerText('#requests .request__why'), /\w+ \w+/, 'and why, without opening anything');
  await page.waitForFunction(() => /· done/.test(document.querySelector('#requests').textContent), null, { timeout: 30_000 });
  assert.match(await page.textContent('#entitlements'), /Granted entitlement/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a profile is refreshed from the other side, also without script, and the page of connections tells of it', async () => {
  const page = await open(browser, demo, 'sol', { viewport: { width: 390, height: 844 }, javaScriptEnabled: false });
  await page.goto(here('leila.haddad'));
  await page.click('.refresh__go');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('[data-flash]'), /RevenueCat was asked\. (Nothing differs|Found )/);
  assert.match(await page.textContent('.refresh'), /Compared with RevenueCat a few seconds ago/);
  await page.click('.refresh__go');
  assert.match(await page.textContent('body'), /Once a minute is enough/);
  await page.context().close();
  const ada = await open(browser, demo, 'ada', { bypassCSP: true });
  await ada.goto(CONNECTIONS);
  await ada.selectOption('#sample-size', '500');
  await ada.click('#compared button');
  await ada.waitForSelector('[data-flash]');
  assert.match(await ada.textContent('[data-flash]'), /500 customers are compared every night/);
  assert.match(await ada.textContent('#compared'), /Last night[\s\S]*next /);
  assert.deepEqual(await violations(ada), [], 'the page');
  assert.deepEqual(ada.complaints, []);
  await ada.context().close();
});
