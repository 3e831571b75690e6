// What only a browser shows: keyboard, focus, no script, dark mode, narrow screens.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LENA, confirm, customer, open, startBrowser, startDemo } from './support.mjs';

const DIEGO = customer('diego.ramirez');

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => {
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

test('an agent pastes an order number and lands on the profile, by keyboard alone', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  const order = (await page.textContent('body')).match(/GPA\.[0-9-]+/)?.[0] ?? 'lena@okafor.example';
  await page.goto('/projects/sundial/customers');
  await page.locator('body').press('/');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'q');
  await page.keyboard.insertText(`Hello, I was charged twice. Order ${order}, please help`);
  await page.keyboard.press('Enter');
  await page.waitForURL(/customers\/lena\.okafor_4471/);
  assert.match(await page.textContent('h1'), /Lena Okafor/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('suggestions appear while typing and open with the arrow keys', async () => {
  const page = await open(browser, demo, 'sol');
  await page.keyboard.press('Control+k');
  await page.keyboard.type('lena', { delay: 20 });
  await page.waitForSelector('[role=option]');
  await page.keyboard.press('Escape');
  await page.waitForSelector('[role=option]', { state: 'hidden' });
  await page.keyboard.press('ArrowDown');
  await page.waitForSelector('[role=option]');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/customers\/[^?]+/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a balance is changed by keyboard alone, and the button says what it does', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(DIEGO);
  const before = await balance(page);
  await page.locator('#currencies a[href*="dialog=currency-edit"]').first().focus();
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog[open]');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'change');
  await page.keyboard.type('-5');
  await page.waitForFunction(() => document.querySelector('dialog .button--main').textContent === 'Take 5 BRTH away');
  assert.match(await page.textContent('dialog .ahead'), new RegExp(`Then the balance is ${before - 5}\\.`));
  await page.keyboard.press('Tab');
  await page.keyboard.type('a session that broke off');
  await page.keyboard.press('Enter');
  await page.waitForURL(/done=/);
  assert.equal(await balance(page), before - 5);
  await page.click('.flash button');
  await page.waitForFunction((was) => document.querySelector('.currency__balance')?.textContent === String(was), before);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('a balance is changed on a phone without script, and what is refused keeps what was typed', async () => {
  const page = await open(browser, demo, 'sol', { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  await page.goto(DIEGO);
  const before = await balance(page);
  await page.click('#currencies a[href*="dialog=currency-edit"]');
  await page.fill('dialog [name=change]', `-${before + 1}`);
  await page.fill('dialog [name=reason]', 'too much');
  await confirm(page, 'dialog .button--main');
  assert.match(await page.textContent('dialog'), /would take it below 0\. At most/);
  assert.equal(await page.inputValue('dialog [name=reason]'), 'too much');
  await page.fill('dialog [name=change]', '+20');
  await confirm(page, 'dialog button[formaction]');
  assert.match(await page.textContent('dialog'), new RegExp(`Then the balance is ${before + 20}\\.`));
  await confirm(page, 'dialog .button--main');
  await page.waitForURL(/done=/);
  assert.equal(await balance(page), before + 20);
  await page.context().close();
});

async function balance(page) {
  return Number(await page.locator('.currency__balance').first().textContent());
}

test('everything can be read without script', async () => {
  const page = await open(browser, demo, 'vera', { javaScriptEnabled: false });
  await page.fill('input[name=q]', 'lena@okafor.example');
  await page.press('input[name=q]', 'Enter');
  await page.waitForURL(/lena\.okafor_4471/);
  const cards = ['details', 'notes', 'history', 'entitlements', 'offering', 'app-user-ids', 'attributes', 'attribution', 'manage'];
  for (const card of cards) {
    const heading = page.locator(`section#${card} h2`).first();
    assert.ok(await heading.isVisible(), card);
  }
  await page.goto(`${LENA}?sandbox=1`);
  assert.ok(await page.locator('form.switch button').first().isVisible(), 'the switch has a button');
  await page.context().close();
});

test('the switch shows sandbox data and says that money is production', async () => {
  const page = await open(browser, demo, 'dev');
  await page.goto('/projects/sundial/customers/sandy_sandbox');
  assert.equal(await page.locator('#history li.event .badge', { hasText: 'Sandbox' }).count(), 0);
  await page.locator('form.switch input[type=checkbox]').check();
  await page.waitForURL(/sandbox=1/);
  assert.ok(await page.locator('#history .badge', { hasText: 'Sandbox' }).count() > 0);
  assert.match(await page.textContent('#details'), /production/i);
  await page.context().close();
});

test('dark mode follows the system', async () => {
  const colour = async (colorScheme) => {
    const page = await open(browser, demo, 'vera', { colorScheme });
    const value = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
    await page.context().close();
    return value;
  };
  assert.notEqual(await colour('light'), await colour('dark'));
});

test('nothing scrolls sideways from 390 to 2560 pixels', async () => {
  const page = await open(browser, demo, 'ada');
  for (const width of [390, 768, 1440, 2560]) {
    await page.setViewportSize({ width, height: 900 });
    for (const path of ['/projects/sundial/customers', LENA, `${DIEGO}?dialog=currency-edit.BRTH`, '/projects/sundial/customers?q=lena', '/projects/sundial/settings/rejected', '/projects/sundial/settings', '/projects/sundial/settings/audit', '/projects/sundial/catalog', '/projects/sundial/catalog/offerings/standard']) {
      await page.goto(path);
      const overflow = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      assert.ok(overflow <= 0, `${path} at ${width}: ${overflow} px too wide`);
    }
  }
  await page.context().close();
});

test('a time is also shown in the zone of the viewer', async () => {
  const page = await open(browser, demo, 'sol', { timezoneId: 'Asia/Kolkata' });
  await page.goto(LENA);
  const tip = page.locator('[role=tooltip]');
  await page.locator('#details time').first().hover();
  assert.match(await tip.textContent(), /UTC\n.*GMT\+5:30, your time/);
  await page.keyboard.press('Escape');
  assert.ok(await tip.isHidden());
  await page.locator('#history .event__detail a').first().focus();
  await page.keyboard.press('Tab');
  assert.match(await tip.textContent(), /your time/);
  await page.locator('[data-zone]').click();
  assert.match(await page.locator('#details time').first().textContent(), /GMT\+5:30/);
  await page.goto('/projects/sundial/customers');
  await page.locator('tbody time').first().hover();
  assert.match(await tip.textContent(), /your time/);
  await page.locator('tbody time').first().click();
  await page.waitForURL(/customers\/[^?]+/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('logging out ends the session and Back shows nothing', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  await page.evaluate(() => document.querySelector('form[action="/logout"]').requestSubmit());
  await page.waitForURL(/login/);
  await page.goBack();
  assert.ok(!(await page.content()).includes('lena@okafor.example'));
  await page.context().close();
});

test('a profile stays within its size limits', async () => {
  const page = await open(browser, demo, 'sol');
  const sizes = {};
  page.on('response', async (response) => {
    const path = new URL(response.url()).pathname;
    const kind = /\.(css|js|svg)$/.exec(path)?.[1] ?? (path.includes('/customers/') ? 'html' : 'other');
    const body = await response.body().catch(() => Buffer.alloc(0));
    // The page counts uncompressed, the files as they are transferred.
    const sent = kind === 'html' ? body.length : (await response.request().sizes()).responseBodySize;
    sizes[kind] = (sizes[kind] ?? 0) + sent;
  });
  await page.goto(LENA);
  // The page listens for news, so the network is never idle.
  await page.waitForTimeout(1_000);
  assert.ok(sizes.html < 120 * 1024, `HTML ${sizes.html}`);
  const assets = (sizes.css ?? 0) + (sizes.js ?? 0) + (sizes.svg ?? 0);
  assert.ok(assets < 60 * 1024, `assets ${assets}`);
  await page.context().close();
});
