// Granting access, removing it, and moving purchases: by keyboard, and without script.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LENA, confirm, customer, fits, open, startBrowser, startDemo } from './support.mjs';

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => {
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

test('access is previewed, granted, replaced and removed by keyboard alone', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  await page.focus('#entitlements .button--soft');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'entitlement');
  await page.keyboard.press('Tab');
  await page.keyboard.type('3 days');
  await page.waitForFunction(() => /Grant Coach for 3 days/.test(document.querySelector('dialog .button--main').textContent));
  assert.match(await page.textContent('[data-part=ahead]'), /Now\s*None\s*Then[\s\S]*Expires in 3 days/);
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'reason', 'no date is asked for');
  await page.keyboard.type('an outage');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('[data-flash]'), /Coach granted for 3 days\./);

  await page.goto(`${LENA}?dialog=grant&entitlement=coach&duration=weekly`);
  await page.waitForSelector('dialog:modal');
  assert.match(await page.textContent('[data-part=ahead]'), /already granted/);
  assert.match(await page.textContent('dialog .button--main'), /Replace with Coach for 7 days/);
  await page.focus('dialog .button--main');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-flash]');

  await page.focus('#entitlements .source__more:has-text("Remove the grant") > button');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal .button--danger');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('[data-flash]'), /Granted Coach removed\./);
  assert.doesNotMatch(await page.textContent('#entitlements'), /Expires in 7 days/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a date is asked for when it is wanted, and kept when it is refused', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(`${LENA}?dialog=grant`);
  await page.waitForSelector('dialog:modal');
  assert.ok(!await page.isVisible('#until'));
  await page.selectOption('#duration', 'until');
  assert.ok(await page.isVisible('#until'));
  await page.evaluate(() => { document.querySelector('dialog form').noValidate = true; });
  await page.fill('#until', '2020-02-03');
  await page.keyboard.press('Enter');
  await page.waitForSelector('.field__reason');
  assert.match(await page.textContent('.field__reason'), /This day is over/);
  assert.equal(await page.inputValue('#until'), '2020-02-03');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'until', 'the focus is on the field');
  await page.context().close();
});

test('access is granted and removed without script', async () => {
  const page = await open(browser, demo, 'sol', { javaScriptEnabled: false, reducedMotion: 'reduce' });
  await page.goto(LENA);
  await page.click('#entitlements .button--soft');
  await page.selectOption('#duration', 'two_week');
  await confirm(page, 'dialog button:has-text("Show what changes")');
  assert.match(await page.textContent('[data-part=ahead]'), /Expires in 14 days/);
  await page.fill('#reason', 'a letter');
  await page.press('#reason', 'Enter');
  assert.match(await page.textContent('[data-flash]'), /Coach granted for 14 days\./);
  await page.click('#entitlements .source__more:has-text("Remove the grant") > button');
  await page.click('#entitlements .menu__item:has-text("Remove the grant")');
  await confirm(page, 'dialog .button--danger');
  assert.match(await page.textContent('[data-flash]'), /Granted Coach removed\./);
  await page.context().close();
});

test('purchases are moved to another customer and back, and nothing scrolls sideways', async () => {
  const page = await open(browser, demo, 'sol', { viewport: { width: 390, height: 844 } });
  for (const [from, to] of [[LENA, 'zofia.nowak'], [customer('zofia.nowak'), 'lena.okafor_4471']]) {
    await page.goto(from);
    await page.focus('[popovertarget=entitlements-more]');
    for (const key of ['Enter', 'Tab', 'Enter']) await page.keyboard.press(key);
    await page.waitForURL(/transfer$/);
    await page.fill('#to', to);
    await page.press('#to', 'Enter');
    await page.waitForSelector('.sides');
    assert.ok(await fits(page));
    await page.click('.confirm .button--main');
    await page.waitForSelector('[data-flash]');
    assert.ok(page.url().includes(to), page.url());
    assert.match(await page.textContent('#entitlements'), /Purchases came from/);
  }
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('what is typed as a proof stays while the choices change, and is sent only with the form', async () => {
  const page = await open(browser, demo, 'sol');
  const sent = [];
  // The log-in is recent here, so the field that the server shows after an old one is added to its answers.
  await page.route('**/grants/preview*', async (route) => {
    sent.push(route.request().postData());
    const answer = await route.fetch();
    const asks = /duration=yearly/.test(route.request().postData());
    const field = asks ? '<input id="password" name="password" type="password">' : '';
    const body = (await answer.text()).replace(/(<div class="part" data-part="proof">)[^<]*/, `$1${field}`);
    await route.fulfill({ response: answer, body });
  });
  await page.goto(`${LENA}?dialog=grant`);
  await page.waitForSelector('dialog:modal');
  await page.selectOption('#duration', 'yearly');
  await page.fill('#password', 'three green lanterns');
  await page.selectOption('#duration', 'weekly');
  await page.waitForSelector('#password', { state: 'detached' });
  await page.selectOption('#duration', 'yearly');
  await page.waitForSelector('#password');
  assert.equal(await page.inputValue('#password'), 'three green lanterns');
  await page.selectOption('#duration', 'lifetime');
  await page.waitForSelector('#password', { state: 'detached' });
  assert.ok(sent.length >= 4 && sent.every((body) => !body.includes('lanterns')), 'previews do not carry it');
  await page.context().close();
});
