// The published SDK for browsers, unchanged, on a page of another origin. Only the address that it calls is configured.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, test } from 'node:test';
import { confirm, customer, open, startBrowser, startDemo } from './support.mjs';

const SDK = readFileSync(new URL('./node_modules/@revenuecat/purchases-js/dist/Purchases.es.js', import.meta.url));
const APP = `<!doctype html><html lang="en"><title>An app</title><script type="module">
import * as sdk from '/sdk.js';
window.sdk = sdk;
</script>`;
/** The profile shows each step of the app within this many milliseconds. */
const SOON = 1000;

let demo;
let browser;
let origin;
let appServer;
before(async () => {
  appServer = createServer((request, response) => {
    const isSdk = request.url === '/sdk.js';
    response.setHeader('content-type', isSdk ? 'text/javascript' : 'text/html');
    response.end(isSdk ? SDK : APP);
  });
  await new Promise((ready) => appServer.listen(0, '127.0.0.1', ready));
  origin = `http://localhost:${appServer.address().port}`;
  [demo, browser] = await Promise.all([startDemo(), startBrowser()]);
});
after(async () => {
  await browser.close();
  appServer.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

/** Opens the app for this user; with `null` the SDK makes an anonymous id. */
async function app(user) {
  const context = await browser.newContext({ locale: 'de-DE' });
  const page = await context.newPage();
  page.errors = [];
  page.on('pageerror', (error) => page.errors.push(String(error)));
  await page.goto(origin);
  await page.waitForFunction(() => window.sdk);
  page.user = await page.evaluate(([key, proxyURL, user]) => {
    const { Purchases } = window.sdk;
    const appUserId = user ?? Purchases.generateRevenueCatAnonymousAppUserId();
    Purchases.configure({ apiKey: key, appUserId, httpConfig: { proxyURL }, flags: { collectAnalyticsEvents: false } });
    return appUserId;
  }, [demo.keys.app, demo.address, user]);
  return page;
}

const info = (page) => page.evaluate(async () => {
  const customerInfo = await window.sdk.Purchases.getSharedInstance().getCustomerInfo();
  return { original: customerInfo.originalAppUserId, active: Object.keys(customerInfo.entitlements.active) };
});
const offerings = (page) => page.evaluate(async () => {
  const purchases = window.sdk.Purchases.getSharedInstance();
  purchases.invalidateOfferingsCache?.();
  const { current, all } = await purchases.getOfferings();
  return { current: current?.identifier ?? null, all: Object.keys(all) };
});

/** Loads the profile until it has these texts. */
async function shows(agent, id, texts, query = '') {
  const since = Date.now();
  for (;;) {
    await agent.goto(`${customer(id)}${query}`);
    const body = await agent.textContent('body');
    const missing = texts.filter((text) => !body.includes(text));
    if (missing.length === 0) return;
    assert.ok(Date.now() - since < SOON, `the profile does not show ${missing}`);
  }
}

test('a new user of either kind appears on the profile with what the SDK sends', async () => {
  const agent = await open(browser, demo, 'sol');
  for (const user of [null, 'zoe.park']) {
    const page = await app(user);
    assert.deepEqual(await info(page), { original: page.user, active: [] });
    await shows(agent, page.user, ['1.63.1', 'web', 'de-DE']);
    assert.deepEqual(page.errors, []);
    await page.context().close();
  }
  await agent.context().close();
});

test('an offering chosen on the page is the current one of that user alone', async () => {
  const [first, second] = [await app('chosen.one'), await app('other.one')];
  await info(first);
  const standard = await offerings(first);
  assert.equal(standard.current, 'standard');
  assert.deepEqual(standard.all.sort(), ['standard', 'summer_test', 'winback']);
  const agent = await open(browser, demo, 'sol');
  await agent.goto(`${customer('chosen.one')}?dialog=offering-choose`);
  await agent.check('dialog input[name=offering][value=winback]');
  await confirm(agent, 'dialog .button--main');
  await agent.waitForURL(/#offering/);
  assert.match(await agent.textContent('#offering'), /has not fetched since the change/);
  assert.deepEqual([(await offerings(first)).current, (await offerings(second)).current], ['winback', 'standard']);
  await shows(agent, 'chosen.one', ['Fetched by the app since the last change']);
  for (const page of [first, second, agent]) await page.context().close();
});

test('attributes that the app sets are on the card', async () => {
  const page = await app('attributed');
  await page.evaluate(() => window.sdk.Purchases.getSharedInstance().setAttributes({
    $email: 'mira@okafor.example', $displayName: 'Mira Okafor', favourite: 'dawn chorus',
  }));
  const agent = await open(browser, demo, 'sol');
  await shows(agent, 'attributed', ['Mira Okafor', 'mira@okafor.example', 'dawn chorus']);
  await page.evaluate(() => window.sdk.Purchases.getSharedInstance().setAttributes({ favourite: null }));
  await agent.goto(customer('attributed'));
  assert.doesNotMatch(await agent.textContent('body'), /dawn chorus/);
  for (const one of [page, agent]) await one.context().close();
});

test('an anonymous user who logs in is one customer with both ids', async () => {
  const page = await app(null);
  const anonymous = page.user;
  await info(page);
  const wasCreated = await page.evaluate(async () => {
    const purchases = window.sdk.Purchases.getSharedInstance();
    const result = await purchases.identifyUser('named.later');
    return [result.wasCreated, purchases.getAppUserId()];
  });
  assert.equal(wasCreated[1], 'named.later');
  assert.equal((await info(page)).original, anonymous);
  const agent = await open(browser, demo, 'sol');
  await shows(agent, 'named.later', [anonymous]);
  await shows(agent, anonymous, ['named.later']);
  for (const one of [page, agent]) await one.context().close();
});

test('a purchase in the Test Store unlocks the entitlement and shows on the profile', async () => {
  const page = await app('buyer.one');
  await offerings(page);
  const bought = page.evaluate(async () => {
    const purchases = window.sdk.Purchases.getSharedInstance();
    const { current } = await purchases.getOfferings();
    const { customerInfo } = await purchases.purchase({ rcPackage: current.monthly });
    return Object.keys(customerInfo.entitlements.active);
  });
  await page.getByRole('button', { name: 'Test valid purchase' }).click();
  assert.deepEqual(await bought, ['pro']);
  assert.deepEqual((await info(page)).active, ['pro']);
  const agent = await open(browser, demo, 'sol');
  await shows(agent, 'buyer.one', ['Pro monthly (test)', 'Sandbox'], '?sandbox=1');
  assert.match(await agent.textContent('#entitlements'), /Active/);
  assert.deepEqual(page.errors, []);
  for (const one of [page, agent]) await one.context().close();
});

test('a wrong key is reported as such, across origins', async () => {
  const page = await app('wrong.key');
  const code = await page.evaluate(async ([proxyURL]) => {
    const { Purchases } = window.sdk;
    Purchases.getSharedInstance().close();
    const other = Purchases.configure({ apiKey: 'test_0000000000000000', appUserId: 'wrong.key', httpConfig: { proxyURL } });
    return other.getCustomerInfo().then(() => null, (error) => error.errorCode);
  }, [demo.address]);
  assert.equal(code, 11, 'invalid credentials');
  await page.context().close();
});
