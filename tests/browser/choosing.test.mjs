// Offerings, attributes and test customers: by keyboard, in place, and without script.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LENA, confirm, customer, open, startBrowser, startDemo } from './support.mjs';

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => {
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

const flash = (page) => page.waitForSelector('[data-flash]').then((element) => element.textContent());

test('an offering is chosen by keyboard, undone, and cleared on the page of overrides', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  await page.focus('#offering .button--soft');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal');
  assert.equal(await page.evaluate(() => document.activeElement.value), 'winback', 'the present choice has the focus');
  await page.keyboard.press('ArrowUp');
  assert.ok(await page.isVisible('.option:has(:checked) .option__after'), 'the page shows what follows');
  await page.keyboard.press('Enter');
  assert.match(await flash(page), /The app gets Summer test until/);
  await page.focus('[data-flash] button');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => /as before/.test(document.querySelector('[data-flash]')?.textContent ?? ''));
  assert.match(await page.textContent('#offering'), /Win-back/);

  await page.goto('/projects/sundial/overrides');
  const rows = await page.locator('.results > li').count();
  await page.click('.results > li:has-text("Lena Okafor") button');
  assert.match(await flash(page), /default again/);
  assert.equal(await page.locator('.results > li').count(), rows - 1);
  await page.click('[data-flash] button');
  await page.waitForURL(/lena/);
  assert.match(await page.textContent('#offering'), /Win-back/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('an attribute is added by keyboard alone, and a long one is counted', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  await page.focus('#attributes .button--soft');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal #key');
  await page.keyboard.type('tier');
  await page.keyboard.press('Tab');
  await page.fill('#value', '🧜'.repeat(501));
  assert.equal(await page.textContent('dialog [data-count]'), '501/500');
  assert.ok(!await page.evaluate(() => document.querySelector('#value').validity.valid));
  await page.fill('#value', '🧜'.repeat(500));
  await page.keyboard.press('Enter');
  assert.match(await flash(page), /tier set\./);
  await page.focus('#attributes [data-filter-text*="tier"] a');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal textarea');
  await page.fill('#value', 'gold');
  await page.focus('dialog .button--main');
  await page.keyboard.press('Enter');
  assert.match(await flash(page), /tier changed\./);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('test customers come first in the search, before anything is typed', async () => {
  const page = await open(browser, demo, 'dev');
  await page.goto(customer('marta.kowalska'));
  assert.equal(await page.getAttribute('.star', 'aria-pressed'), 'false');
  await page.click('.star');
  assert.match(await flash(page), /This is now one of your test customers/);
  assert.equal(await page.getAttribute('.star', 'aria-pressed'), 'true');
  await page.goto('/projects/sundial/customers');
  await page.focus('.search__input');
  await page.waitForSelector('.search__panel [role=option]');
  assert.match(await page.textContent('.search__panel'), /My test customers[\s\S]*Marta Kowalska/);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.waitForURL(/marta/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('marking, choosing and setting work without script', async () => {
  const page = await open(browser, demo, 'sol', { javaScriptEnabled: false });
  await page.goto(LENA);
  await page.click('.star');
  assert.match(await flash(page), /test customers/);
  await page.click('#offering .button--soft');
  await page.check('input[name=offering][value=""]');
  await confirm(page, 'dialog .button--main');
  assert.match(await flash(page), /default again/);
  await page.click('#attributes .button--soft');
  await page.fill('#key', '$Email');
  await page.fill('#value', 'lena@weber.example');
  await confirm(page, 'dialog .button--main');
  assert.match(await page.textContent('.field__reason'), /did you mean \$email\?/);
  assert.equal(await page.inputValue('#value'), 'lena@weber.example');
  await page.fill('#key', '$email');
  await page.press('#value', 'Enter');
  assert.match(await page.textContent('.field__reason'), /already has a value: lena@okafor\.example/);
  await page.fill('#key', 'second_email');
  await page.press('#value', 'Enter');
  assert.match(await flash(page), /second_email set\./);
  await page.context().close();
});
