// No page breaks a rule of WCAG 2.2 AA that axe can check, in light and in dark.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { LENA, customer, fits, open, startBrowser, startDemo, violations } from './support.mjs';

const LIST = '/projects/sundial/customers';
const PAGES = [
  LIST, `${LIST}?list=active`, `${LIST}?list=sandbox`, `${LIST}?list=one-time`, `${LIST}?list=expired`,
  `${LIST}?q=lena`, `${LIST}?q=nobody-has-this`, LENA, `${LENA}?order=event&topic=money`, `${LENA}?sandbox=1`,
  customer('sandy_sandbox'), `${customer('sandy_sandbox')}?sandbox=1`, customer('nobody'),
  '/projects/sundial/settings', '/projects/sundial/settings/rejected', '/nowhere', '/projects/sundial/nowhere',
  `${LENA}?dialog=grant`, `${LENA}/transfer`, `${LENA}/transfer?to=zofia.nowak`, `${LENA}/transfer?to=nobody`,
  '/projects/sundial/settings/blocked', '/projects/sundial/settings/blocked?dialog=blocked-add',
  '/projects/sundial/settings/test-accounts?bought=sandbox', `${LENA}/export`, `${LENA}?dialog=manage-delete`,
  '/projects/sundial/settings/test-accounts/review?bought=sandbox&scope=all', `${LENA}?dialog=manage-block`,
  '/projects/sundial/settings/people', '/projects/sundial/settings/people?dialog=member-invite',
  '/projects/sundial/settings/people?dialog=factor-require', '/account', '/account/second-factor',
  '/projects/sundial/settings?dialog=project-edit', '/projects/sundial/settings?dialog=webhook-replace',
  '/projects/sundial/settings/keys', '/projects/sundial/settings/keys?dialog=key-make',
  '/projects/sundial/settings/endpoints', '/projects/sundial/settings/endpoints?dialog=endpoint-new',
  '/projects/sundial/settings/audit', '/projects/sundial/settings/audit?customer=nobody', `${LENA}?topic=team`,
  '/projects/sundial/catalog', '/projects/sundial/catalog/offerings/winback',
  '/projects/sundial/catalog?dialog=product-add', '/projects/sundial/catalog?dialog=entitlement-attach.pro',
  '/projects/sundial/catalog/offerings/standard?dialog=package-edit.%24rc_monthly',
  '/projects/sundial/catalog/offerings/winback?dialog=offering-archive',
  `${LIST}?list=mine`, '/projects/sundial/overrides', `${LENA}?dialog=offering-choose`, `${LENA}?dialog=attribute-add`,
  `${LENA}?dialog=attribute-edit.%24email`, `${LENA}?dialog=attribute-edit.%24mediaSource`,
  customer('diego.ramirez'), `${customer('diego.ramirez')}?dialog=currency-edit.BRTH`, `${LENA}?dialog=currency-edit.BRTH`,
  `${LENA}?dialog=attribute-edit.%24appleRefundHandlingPreference`,
  `${LIST}?list=nonsense`, `${LIST}?after=nonsense`,
];

const CONNECTIONS = '/projects/sundial-connected/settings/connections';
/** These are looked at in a narrow window as well. */
const CONNECTED = [
  CONNECTIONS, `${CONNECTIONS}/revenuecat/catalog`, `${CONNECTIONS}/revenuecat/only-here`,
  `${CONNECTIONS}?dialog=revenuecat-keys`, `${CONNECTIONS}?dialog=revenuecat-step`, `${CONNECTIONS}?dialog=revenuecat-disconnect`,
  '/projects/sundial-connected/customers/leila.haddad/transfer?to=mateo.silva', `${LENA}/transfer?to=zofia.nowak`,
  '/projects/sundial/settings/connections', '/projects/sundial/settings/connections?dialog=revenuecat-connect',
];

let demo;
let browser;
before(async () => { [demo, browser] = await Promise.all([startDemo(), startBrowser()]); });
after(async () => { await browser.close(); await demo.stop(); });

for (const colorScheme of ['light', 'dark']) {
  test(`no violations in ${colorScheme}`, async () => {
    const page = await open(browser, demo, 'ada', { colorScheme, bypassCSP: true });
    for (const body of ['{"event":7}', 'x'.repeat(2000)]) await deliver(body);
    const first = await listOfEverybody(page);
    for (const path of [...PAGES, ...CONNECTED, ...first]) {
      await page.goto(path);
      assert.deepEqual(await violations(page, colorScheme), [], `${path} in ${colorScheme}`);
    }
    await page.setViewportSize({ width: 390, height: 844 });
    for (const path of CONNECTED) {
      await page.goto(path);
      assert.deepEqual(await violations(page, colorScheme), [], `${path} in ${colorScheme}, narrow`);
      assert.ok(await fits(page), `${path} is not cut off`);
    }
    await page.goto(LENA);
    await page.goto(await page.locator('#history a[href*="/events/"]').first().getAttribute('href'));
    assert.deepEqual(await violations(page, colorScheme), [], 'an event');
    await page.context().close();
    const outside = await open(browser, demo, null, { colorScheme, bypassCSP: true });
    await outside.goto('/login');
    assert.deepEqual(await violations(outside, colorScheme), [], 'the log-in');
    await outside.goto('/invitations/x');
    assert.deepEqual(await violations(outside, colorScheme), [], 'an invitation that is not valid');
    await outside.context().close();
  });
}

/** Sends a webhook that cannot be read. */
async function deliver(body) {
  const url = `${demo.address}/webhooks/revenuecat/sundial`;
  const answer = await fetch(url, { method: 'POST', body, headers: { authorization: demo.webhook } });
  assert.equal(answer.status, 400);
}

/** The newest profiles: the first rows of the list of customers. */
async function listOfEverybody(page) {
  await page.goto(LIST);
  const links = await page.locator('a.row-link').evaluateAll((all) => all.map((link) => link.getAttribute('href')));
  return links.slice(0, 12);
}
