// Webhook endpoints are made and tested in a browser, and an open profile shows new events.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { LENA, confirm, open, startBrowser, startDemo, violations } from './support.mjs';

let demo;
let browser;
let receiver;
const received = [];
before(async () => {
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => { body += chunk; });
    request.on('end', () => { received.push({ headers: request.headers, body }); response.end(); });
  });
  await new Promise((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const settings = { DOSSIER_OUTGOING_HTTP: '1', DOSSIER_OUTGOING_PRIVATE: '127.0.0.1' };
  [demo, browser] = await Promise.all([startDemo(settings), startBrowser()]);
});
after(async () => {
  await browser.close();
  receiver.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

const hook = () => `http://127.0.0.1:${receiver.address().port}/hook`;

for (const javaScriptEnabled of [true, false]) {
  test(`an endpoint is made and tested ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
    const page = await open(browser, demo, 'dev', { javaScriptEnabled });
    const before = received.length;
    await page.goto('/projects/sundial/settings');
    await page.click('text=Webhook endpoints');
    await page.click('a[href*="dialog=endpoint-new"]');
    await page.fill('#name', javaScriptEnabled ? 'Sundial server' : 'Second server');
    await page.fill('#url', 'http://10.0.0.1/');
    await page.fill('#authorization', 'Bearer of the receiver');
    await confirm(page, 'dialog .button--main');
    await page.waitForSelector('#url-reason');
    assert.equal(await page.inputValue('#url'), 'http://10.0.0.1/', 'what was typed is kept');
    await page.fill('#url', hook());
    await page.fill('#authorization', 'Bearer of the receiver');
    await confirm(page, 'dialog .button--main');
    await page.waitForSelector('.secret');
    assert.match(await page.textContent('.secret'), /whsec_\S{40,}/);
    await confirm(page, 'dialog .button--main');
    await page.click(`text=${javaScriptEnabled ? 'Sundial server' : 'Second server'}`);
    await page.click('button:text("Send a test event")');
    await page.waitForSelector('.delivery');
    assert.match(await page.textContent('.delivery'), /TEST[\s\S]*Sent[\s\S]*Answered 200/);
    assert.equal(received.length, before + 1);
    assert.equal(received.at(-1).headers.authorization, 'Bearer of the receiver');
    assert.match(received.at(-1).headers['webhook-signature'], /^v1,/);
    assert.doesNotMatch(await page.content(), /of the receiver/, 'never shown');
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  });
}

for (const colorScheme of ['light', 'dark']) {
  test(`no violations on the pages of an endpoint in ${colorScheme}`, async () => {
    const page = await open(browser, demo, 'dev', { colorScheme, bypassCSP: true });
    await page.goto('/projects/sundial/settings/endpoints');
    assert.deepEqual(await violations(page, colorScheme), [], 'the list');
    await page.click('text=Sundial server');
    await page.waitForSelector('.delivery');
    assert.deepEqual(await violations(page, colorScheme), [], 'the endpoint');
    const address = page.url();
    for (const action of ['edit', 'replace', 'delete']) {
      await page.goto(`${address}?dialog=endpoint-${action}.${address.split('/').at(-1)}`);
      await page.waitForSelector('dialog[open]');
      assert.deepEqual(await violations(page, colorScheme), [], action);
    }
    await page.context().close();
  });
}

async function deliver(id, environment = 'PRODUCTION') {
  const event = {
    id, type: 'RENEWAL', event_timestamp_ms: Date.now(), app_user_id: 'lena.okafor_4471', original_app_user_id: 'lena.okafor_4471',
    aliases: ['lena.okafor_4471'], product_id: 'pro_monthly', store: 'APP_STORE', environment, period_type: 'NORMAL',
    purchased_at_ms: Date.now(), expiration_at_ms: Date.now() + 86_400_000, transaction_id: id, original_transaction_id: 'news',
  };
  const answer = await fetch(`${demo.address}/webhooks/revenuecat/sundial`, {
    method: 'POST', headers: { authorization: demo.webhook, 'content-type': 'application/json' },
    body: JSON.stringify({ api_version: '1.0', event }),
  });
  assert.equal(answer.status, 200);
}

const rows = (page) => page.locator('#history .event').count();

test('an open profile announces new events within moments, and shows them where that disturbs nobody', async () => {
  const [resting, reading] = [await open(browser, demo, 'vera'), await open(browser, demo, 'vera')];
  for (const page of [resting, reading]) await page.goto(LENA);
  await reading.evaluate(() => document.querySelector('#history').scrollIntoView());
  await new Promise((resolve) => setTimeout(resolve, 300));
  const before = await reading.locator('#history time').allTextContents();
  await deliver('news-1');
  await reading.waitForSelector('[data-live]:not([hidden]) a', { timeout: 5_000 });
  assert.equal(await reading.textContent('[data-live] a'), '1 new event');
  await resting.waitForSelector('#history a[href*="news-1"]', { state: 'attached', timeout: 5_000 });
  assert.deepEqual(await reading.locator('#history time').allTextContents(), before, 'nothing moved under the reader');
  await deliver('news-2', 'SANDBOX');
  await deliver('news-3');
  await reading.waitForFunction(() => document.querySelector('[data-live] a').textContent === '2 new events', null, { timeout: 5_000 });
  await reading.click('[data-live] a');
  await reading.waitForSelector('#history a[href*="news-3"]');
  assert.equal(await reading.locator('[data-live]:not([hidden])').count(), 0);
  assert.ok((await rows(reading)) > 0);
  for (const page of [resting, reading]) {
    assert.deepEqual(page.complaints, []);
    await page.context().close();
  }
});

test('a menu that was opened while new events are fetched stays open', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  let goOn;
  const mayGoOn = new Promise((resolve) => { goOn = resolve; });
  await page.route(`**${LENA}`, async (route) => {
    await mayGoOn;
    await route.continue();
  });
  const asked = page.waitForRequest((request) => request.url().endsWith(LENA));
  await new Promise((resolve) => setTimeout(resolve, 300));
  await deliver('news-5');
  await asked;
  await page.click('#entitlements .source__more > button');
  goOn();
  await page.waitForSelector('[data-live]:not([hidden]) a', { timeout: 5_000 });
  assert.equal(await page.locator('#entitlements .menu:popover-open').count(), 1);
  await page.context().close();
});

test('after a log-out in one tab the other tab shows no new events', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  const other = await page.context().newPage();
  await other.goto(LENA);
  await other.click('[popovertarget=person-menu]');
  await other.click('#person-menu form[action="/logout"] button');
  await other.waitForURL(/login/);
  await deliver('news-4');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  assert.equal(await page.locator('[data-live]:not([hidden])').count(), 0);
  assert.equal(await page.locator('#history a[href*="news-4"]').count(), 0);
  await page.context().close();
});
