// Refunding a payment from the profile, with a second person for a large one: by mouse, by keyboard, and without script.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { choose, confirm, customer, fits, open, startBrowser, startDemo, violations } from './support.mjs';

const LEILA = customer('leila.haddad');
const MATEO = customer('mateo.silva');
const REQUESTS = '/projects/sundial/requests';

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => {
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

// Waits until a part of a page says this: an open profile follows by itself, other pages are loaded again.
async function says(page, selector, words, pause = () => page.waitForTimeout(100)) {
  for (let tries = 0; tries < 80 && !words.test(await page.textContent(selector)); tries += 1) await pause();
  assert.match(await page.textContent(selector), words);
}

test('a payment is refunded in three clicks, and an open page follows', async () => {
  const follower = await open(browser, demo, 'ada');
  await follower.goto(LEILA);
  const page = await open(browser, demo, 'sol', { viewport: { width: 390, height: 844 }, bypassCSP: true });
  await page.goto(LEILA);
  await choose(page, '#entitlements .source__more > button', 'text=Refund');
  await page.waitForSelector('dialog:modal');
  assert.deepEqual(await violations(page), [], 'the dialog');
  await page.fill('#reason', 'Bought by mistake');
  await page.check('input[value=keep]');
  await page.waitForFunction(() => document.querySelector('dialog .button--danger').textContent.trim() === 'Refund EUR 8.99');
  // A press that takes its time hits the button, whatever the preview does meanwhile.
  await page.fill('#amount', '3');
  await page.focus('#amount');
  await page.fill('#amount', '');
  await page.check('input[value=end]');
  await page.waitForFunction(() => /^Refund EUR 8.99 and end access$/.test(document.querySelector('dialog .button--danger').textContent.trim()));
  await page.click('dialog .button--danger', { delay: 300 });
  await page.waitForSelector('[data-flash]');
  // The Test Store answers at once, on a busy machine a moment later.
  await says(page, '#entitlements', /Refund of EUR 8\.99 · done[\s\S]*Asked by Sol Mbeki: Bought by mistake/);
  await says(page, '#history', /Was issued a refund/);
  await says(page, '.answer', /USD 0/);
  assert.ok(await fits(page), 'nothing is cut off');
  await says(follower, '#entitlements', /Refund of EUR 8\.99/);
  for (const one of [page, follower]) {
    assert.deepEqual(one.complaints, []);
    await one.context().close();
  }
});

test('a large refund waits until a colleague agrees, by keyboard and without script', async () => {
  const sol = await open(browser, demo, 'sol', { javaScriptEnabled: false });
  await sol.goto(MATEO);
  await sol.goto(await sol.locator('#entitlements a[href*="dialog=refund"]').first().getAttribute('href'));
  assert.match(await sol.textContent('dialog'), /A colleague has to agree to refunds from USD 50 on\./);
  await sol.fill('#reason', 'Does not work for the customer');
  await confirm(sol, 'dialog .button--danger');
  assert.match(await sol.textContent('#entitlements'), /waits for a colleague to agree/);
  await sol.context().close();

  const ada = await open(browser, demo, 'ada', { bypassCSP: true });
  assert.match(await ada.textContent('.topbar__nav'), /Requests\s*1/);
  await ada.goto(REQUESTS);
  assert.deepEqual(await violations(ada), [], 'the page of requests');
  await ada.focus('.requests__acts a:has-text("Agree")');
  await ada.keyboard.press('Enter');
  await ada.waitForSelector('dialog:modal');
  assert.deepEqual(await violations(ada), [], 'the dialog to agree');
  await ada.focus('dialog .button--danger');
  await ada.keyboard.press('Enter');
  await ada.waitForSelector('[data-flash]');
  await says(ada, 'main', /Finished[\s\S]*Mateo Silva[\s\S]*· done/, () => ada.goto(REQUESTS));
  await ada.goto(MATEO);
  assert.match(await ada.textContent('#history'), /Ada Okoye agreed/);
  assert.deepEqual(ada.complaints, []);
  await ada.context().close();
});
