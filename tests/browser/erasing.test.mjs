// Deleting customers, blocking them and deleting test accounts: with and without script, on a phone.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { confirm, customer, fits, open, startBrowser, startDemo } from './support.mjs';

const TESTS = '/projects/sundial/settings/test-accounts';

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => {
  await browser.close();
  assert.equal(await demo.stop(), 0, 'the server ends cleanly');
});

/** Makes a customer who bought once in the sandbox. */
async function tester(id) {
  const event = {
    id: `event-of-${id}`, type: 'INITIAL_PURCHASE', event_timestamp_ms: Date.now(), app_user_id: id, aliases: [id],
    original_app_user_id: id, environment: 'SANDBOX', store: 'APP_STORE', product_id: 'pro', purchased_at_ms: Date.now(),
    transaction_id: id, original_transaction_id: id, expiration_at_ms: Date.now() + 3e8, price: 0,
  };
  const answer = await fetch(`${demo.address}/webhooks/revenuecat/sundial`, {
    method: 'POST', headers: { Authorization: demo.webhook }, body: JSON.stringify({ event }),
  });
  assert.equal(answer.status, 200);
}

test('a customer is deleted by typing the id, by keyboard', async () => {
  await tester('qa-deleted');
  const page = await open(browser, demo, 'ada');
  await page.goto(customer('qa-deleted'));
  await page.focus('#manage a:has-text("Delete customer")');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal');
  assert.equal(await page.evaluate(() => document.activeElement.name), 'confirm');
  await page.keyboard.type('qa-delete');
  await page.keyboard.press('Enter');
  await page.waitForSelector('dialog:modal .field__reason');
  assert.equal(await page.evaluate(() => document.activeElement.value), 'qa-delete', 'typed and focused');
  await page.keyboard.press('End');
  await page.keyboard.type('d');
  await page.keyboard.press('Enter');
  await page.waitForURL(/customers\?/);
  assert.match(await page.textContent('[data-flash]'), /Customer deleted: 1 App User ID, 1 event/);
  assert.equal((await page.goto(customer('qa-deleted'))).status(), 404);
  assert.deepEqual(page.complaints, []);
});

test('a customer is blocked and unblocked on a phone without script', async () => {
  await tester('qa-blocked');
  const page = await open(browser, demo, 'ada', { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  await page.goto(customer('qa-blocked'));
  await page.click('#manage a:has-text("Block")');
  assert.ok(await fits(page));
  await page.fill('[name=confirm]', 'qa-blocked');
  await page.check('[name=lost]');
  await page.check('[name=checked]');
  await confirm(page, 'dialog button:has-text("Block the customer")');
  assert.match(await page.textContent('[data-flash]'), /Customer blocked and deleted/);
  await page.goto(customer('qa-blocked'));
  assert.match(await page.textContent('h1'), /qa-blocked is blocked/);
  await page.click('text=Blocked customers');
  assert.ok(await fits(page));
  await page.click('a:has-text("Unblock")');
  await confirm(page, 'dialog button:has-text("Unblock")');
  assert.match(await page.textContent('#blocked'), /Nobody is blocked/);
});

test('test accounts are found with proof and deleted by typing their number', async () => {
  for (let number = 0; number < 60; number += 1) await tester(`qa-many-${number}`);
  const page = await open(browser, demo, 'ada', { javaScriptEnabled: false, viewport: { width: 390, height: 844 } });
  await page.goto(TESTS);
  await page.fill('[name=ids]', 'qa-many-*');
  await page.click('text=Show them');
  assert.match(await page.textContent('#found'), /60 customers/);
  assert.equal(await page.locator('[name=customer]:checked').count(), 50);
  assert.match(await page.textContent('#found tbody tr'), /none in production, no grant/);
  assert.ok(await fits(page));
  await page.click('button:has-text("Delete all 60 customers")');
  await page.fill('[name=count]', '50');
  await page.click('button:has-text("Delete 60 customers")');
  assert.match(await page.textContent('.field__reason'), /It is 60 now/);
  await page.fill('[name=count]', '60');
  await page.click('button:has-text("Delete 60 customers")');
  await page.waitForSelector('h2:has-text("Test accounts are deleted")');
  assert.match(await page.textContent('#job'), /60 of 60 customers deleted/);
  assert.ok(await fits(page));
});

test('everything held on a customer is shown on a page and downloaded as a file', async () => {
  await tester('qa-held');
  const page = await open(browser, demo, 'sol');
  await page.goto(customer('qa-held'));
  await page.click('text=Everything we hold');
  assert.match(await page.textContent('#app-user-ids'), /qa-held/);
  const [download] = await Promise.all([page.waitForEvent('download'), page.click('text=As a file')]);
  assert.match(download.suggestedFilename(), /^customer-\d{4}-\d\d-\d\d\.json$/);
  const chunks = [];
  for await (const chunk of await download.createReadStream()) chunks.push(chunk);
  const held = JSON.parse(Buffer.concat(chunks).toString());
  assert.equal(held.events[0].body.event.id, 'event-of-qa-held');
  assert.deepEqual(page.complaints, []);
});
