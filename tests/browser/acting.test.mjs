// Actions on the page of a customer: by keyboard, with and without script.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LENA, confirm, open, startBrowser, startDemo } from './support.mjs';

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => {
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

/** Moves the focus with Tab until it is on something that reads like this. */
async function tabTo(page, words) {
  for (let step = 0; step < 80; step += 1) {
    await page.keyboard.press('Tab');
    const here = await page.evaluate(() => document.activeElement?.textContent?.trim() ?? '');
    if (words.test(here)) return;
  }
  throw new Error(`no way to ${words} by Tab`);
}

test('a note is written, seen in preview, edited and deleted by keyboard alone', async () => {
  const page = await open(browser, demo, 'sol');
  await page.goto(LENA);
  await tabTo(page, /^Add note$/);
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'body');
  await page.keyboard.type('Refund **agreed** 🧜');
  await page.waitForSelector('[data-preview] strong');
  assert.equal(await page.textContent('[data-count]'), '19/255');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('dialog[open]'));
  assert.match(await page.evaluate(() => document.activeElement.textContent), /Add note/, 'the focus returns');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal');
  assert.equal(await page.inputValue('textarea'), 'Refund **agreed** 🧜', 'what was typed is still there');
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('#notes'), /Refund agreed 🧜/);
  assert.ok(!page.url().includes('done='), page.url());

  await tabTo(page, /What can be done with the note by Sol/);
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal textarea');
  await page.keyboard.press('Control+End');
  await page.keyboard.type(' today');
  await page.keyboard.press('Control+Enter');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('#notes'), /today[\s\S]*edited by Sol Mbeki/);

  await tabTo(page, /What can be done with the note by Sol/);
  await page.keyboard.press('Enter');
  await tabTo(page, /^Delete$/);
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal .button--danger');
  await page.keyboard.press('Enter');
  await page.waitForSelector('[data-flash]');
  assert.doesNotMatch(await page.textContent('#notes'), /Refund agreed/);
  await page.click('[data-flash] button');
  await page.waitForSelector('[data-flash]');
  assert.match(await page.textContent('#notes'), /Refund agreed/, 'undone');
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('the preview of a note moves no button when it comes', async () => {
  const page = await open(browser, demo, 'sol', { reducedMotion: 'reduce' });
  await page.goto(LENA);
  await page.click('#notes .button--soft');
  await page.waitForSelector('dialog:modal [data-count]');
  const place = () => page.locator('dialog .button--main').boundingBox();
  await page.fill('textarea', `**Refund**\n\n${'- agreed with her\n'.repeat(12)}`);
  const before = await place();
  await page.waitForSelector('[data-preview] strong');
  assert.deepEqual(await place(), before);
  await page.context().close();
});

test('on a phone the field of a note keeps its label in one line, and nothing of the dialog is cut off', async () => {
  const page = await open(browser, demo, 'sol', { viewport: { width: 390, height: 844 }, reducedMotion: 'reduce' });
  await page.goto(LENA);
  await page.click('#notes .button--soft');
  await page.waitForSelector('dialog:modal [data-tools]:not([hidden])');
  assert.ok((await page.locator('dialog label').first().boundingBox()).height < 30);
  assert.ok(await page.evaluate(() => { const { scrollWidth, clientWidth } = document.querySelector('dialog'); return scrollWidth <= clientWidth; }));
  await page.context().close();
});

for (const javaScriptEnabled of [true, false]) {
  test(`a refused note keeps its text ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
    const page = await open(browser, demo, 'sol', { javaScriptEnabled });
    await page.goto(LENA);
    await page.click('#notes .button--soft');
    await page.fill('textarea', `${'🧜'.repeat(255)}!`);
    // Skips the browser's own check, as an old browser does.
    if (javaScriptEnabled) await page.evaluate(() => { document.querySelector('dialog form').noValidate = true; });
    await confirm(page, 'dialog .button--main');
    await page.waitForSelector('.field__reason');
    assert.match(await page.textContent('.field__reason'), /1 too many/);
    assert.equal(await page.inputValue('textarea'), `${'🧜'.repeat(255)}!`);
    assert.equal(await page.evaluate(() => document.activeElement.name), 'body', 'the focus is on the field');
    await page.fill('textarea', '🧜'.repeat(255));
    await confirm(page, 'dialog .button--main');
    await page.waitForSelector('#notes .note');
    assert.match(await page.textContent('#notes .note'), /🧜/);
    await page.context().close();
  });
}

for (const javaScriptEnabled of [true, false]) {
  test(`access is granted and removed ${javaScriptEnabled ? 'with' : 'without'} script`, async () => {
    const page = await open(browser, demo, 'sol', { javaScriptEnabled, reducedMotion: 'reduce' });
    await page.goto(LENA);
    await page.click('#entitlements a[href*="dialog=grant"]');
    await page.selectOption('#entitlement', 'coach');
    await page.selectOption('#duration', 'weekly');
    await page.fill('#reason', 'sorry for the wait');
    await confirm(page, 'dialog .button--main');
    await page.waitForSelector('.flash');
    assert.match(await page.textContent('#entitlements'), /Coach coach Active[\s\S]*Expires in 7 days/);
    assert.match(await page.textContent('#history'), /Was granted the Coach entitlement/);
    await page.click('#entitlements .source__more:has-text("Remove the grant") > button');
    await page.click('#entitlements .menu:popover-open a');
    await confirm(page, 'dialog .button--danger');
    await page.waitForSelector('.flash');
    assert.match(await page.textContent('#history'), /Had their granted entitlement removed/);
    assert.doesNotMatch(await page.textContent('#entitlements'), /Coach coach Active/);
    await page.context().close();
  });
}

test('a customer is deleted by typing the id, and is gone', async () => {
  const page = await open(browser, demo, 'ada');
  const gone = '/projects/sundial/customers/lars.dekker';
  await page.goto(gone);
  await page.click('#manage a[href*="manage-delete"]');
  await page.waitForSelector('dialog:modal');
  await page.fill('dialog input[name=confirm]', 'lars');
  await page.press('dialog input[name=confirm]', 'Enter');
  await page.waitForSelector('.field__reason');
  assert.equal(await page.inputValue('dialog input[name=confirm]'), 'lars');
  await page.fill('dialog input[name=confirm]', 'lars.dekker');
  await page.press('dialog input[name=confirm]', 'Enter');
  await page.waitForSelector('.flash');
  assert.doesNotMatch(await page.textContent('main'), /lars\.dekker/);
  assert.equal((await page.goto(gone)).status(), 404);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});
