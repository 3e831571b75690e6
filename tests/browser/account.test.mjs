// The account page in a browser: the second factor, the time zone; and joining by a link.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { after, before, test } from 'node:test';
import { LENA, open, startBrowser, startDemo } from './support.mjs';

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => { await browser.close(); await demo.stop(); });

/** The code that an authenticator app shows for this secret, `steps` periods from now. */
function code(secret, steps = 0) {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const hash = createHmac('sha1', key).update(counter).digest();
  return String((hash.readUInt32BE(hash[19] & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

for (const javaScriptEnabled of [true, false]) {
  const who = javaScriptEnabled ? 'sol' : 'dev';
  test(`a second factor is set up and asked for, ${javaScriptEnabled ? 'by keyboard' : 'without script'}`, async () => {
    const page = await open(browser, demo, who, { javaScriptEnabled });
    await page.goto('/account');
    await page.locator('#second-factor a').press('Enter');
    await page.waitForURL(/account\/second-factor/);
    await page.locator('main button').press('Enter');
    await page.waitForSelector('svg.qr');
    const secret = (await page.textContent('.code-groups')).replace(/\s/g, '');
    await page.keyboard.type(code(secret));
    await page.keyboard.press('Enter');
    await page.waitForSelector('.codes');
    assert.equal(await page.locator('.codes li').count(), 10);
    assert.deepEqual(page.complaints, []);
    await page.context().close();

    const again = await open(browser, demo, null, { javaScriptEnabled });
    await again.goto(LENA);
    await again.fill('input[name=email]', demo.logins[who].email);
    await again.fill('input[name=password]', demo.logins[who].password);
    await again.press('input[name=password]', 'Enter');
    await again.waitForURL(/login\/code/);
    await again.keyboard.type(code(secret, 1));
    await again.keyboard.press('Enter');
    await again.waitForURL(/lena\.okafor_4471/);
    assert.deepEqual(again.complaints, []);
    await again.context().close();
  });
}

test('times are shown in the zone of the account, wherever the browser is', async () => {
  const page = await open(browser, demo, 'vera', { timezoneId: 'America/New_York' });
  await page.goto('/account');
  await page.selectOption('select[name=zone]', 'Asia/Tokyo');
  await page.check('input[value=dark]');
  await page.click('text=Save appearance and time');
  await page.waitForSelector('[data-flash]:has-text("Your preferences are saved.")');
  await page.goto(LENA);
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), 'dark');
  const time = page.locator('#details time').first();
  const at = new Date(await time.getAttribute('datetime'));
  const there = at.toLocaleString('en-GB', { timeZone: 'Asia/Tokyo', hour: '2-digit', minute: '2-digit' });
  assert.match(await time.getAttribute('title'), new RegExp(`UTC\n.*${there} JST, your time`));
  await time.hover();
  const [utc, own, ...more] = (await page.textContent('[role=tooltip]')).split('\n');
  assert.ok(utc.endsWith('UTC') && own.includes(there) && more.length === 0, `${utc} / ${own}`);
  await page.click('text=Show them in my zone (Asia/Tokyo)');
  assert.match(await page.textContent('main'), /GMT\+9/);
  assert.deepEqual(page.complaints, []);
  await page.context().close();
});

test('somebody invited joins without script', async () => {
  const admin = await open(browser, demo, 'ada');
  await admin.goto('/projects/sundial/settings/people');
  await admin.click('text=Invite somebody');
  await admin.fill('dialog[open] input[name=email]', 'nia@dossier.example');
  await admin.press('dialog[open] input[name=email]', 'Enter');
  const link = await admin.textContent('.secret .mono');
  await admin.goto('/projects/sundial/settings/people');
  assert.ok(!(await admin.content()).includes(link) && (await admin.content()).includes('nia@dossier.example'));
  const guest = await open(browser, demo, null, { javaScriptEnabled: false });
  await guest.goto(link);
  await guest.fill('input[name=name]', 'Nia Owusu');
  await guest.fill('input[name=password]', 'three green lanterns');
  await guest.press('input[name=password]', 'Enter');
  await guest.waitForURL(/sundial\/customers/);
  await guest.goto(link);
  assert.match(await guest.textContent('h1'), /is not valid/);
  assert.deepEqual(admin.complaints, []);
  await admin.context().close();
  await guest.context().close();
});
