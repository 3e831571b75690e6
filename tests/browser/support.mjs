// Starts the demo on a free port, and a browser to open it with.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const BINARY = process.env.DOSSIER_BINARY;
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const CHROMIUM = process.env.CHROMIUM ?? '/usr/bin/chromium';
const FLAGS = [
  '--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking',
  '--disable-component-update', '--disable-sync', '--no-first-run',
];

async function freePort() {
  const server = createServer();
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address();
  await new Promise((closed) => server.close(closed));
  return port;
}

/** A running demo: its address, the log-ins and keys it printed, and how to stop it. */
export async function startDemo(settings = {}) {
  const folder = mkdtempSync(join(tmpdir(), 'dossier-'));
  const port = await freePort();
  const env = { PATH: process.env.PATH, DOSSIER_BIND: `127.0.0.1:${port}`, DOSSIER_LOG: 'warn', ...settings };
  const server = spawn(BINARY, ['demo'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] });
  let printed = '';
  server.stdout.on('data', (chunk) => { printed += chunk; });
  const address = `http://127.0.0.1:${port}`;
  // Another program may have taken the port meanwhile, and answer in its place.
  await untilAnswers(`${address}/readyz`, server, () => printed.includes('Dossier listens on'));
  const logins = Object.fromEntries([...printed.matchAll(/^\s+(\w+)@(\S+)\s+(\S+)/gm)]
    .map(([, name, host, password]) => [name, { email: `${name}@${host}`, password }]));
  const keys = { app: printed.match(/(test_\w+)/)?.[1], server: printed.match(/(sk_\w+)/)?.[1] };
  const webhook = printed.match(/Authorization: (.+)$/m)?.[1];
  const stop = async () => {
    const ended = new Promise((resolve) => server.once('exit', resolve));
    server.kill('SIGTERM');
    const code = await ended;
    rmSync(folder, { recursive: true, force: true });
    return code;
  };
  return { address, logins, webhook, keys, stop };
}

async function untilAnswers(address, server, isUp) {
  for (let attempt = 0; attempt < 600; attempt += 1) {
    if (server.exitCode !== null) throw new Error(`the demo ended with ${server.exitCode}`);
    const answer = await fetch(address).catch(() => null);
    if (answer?.status === 200 && isUp()) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the demo did not get ready');
}

export const startBrowser = () => chromium.launch({ executablePath: CHROMIUM, args: FLAGS });

/** A logged-in page that remembers everything a browser complains about. */
export async function open(browser, demo, who, options = {}) {
  const context = await browser.newContext({ baseURL: demo.address, viewport: { width: 1440, height: 1000 }, ...options });
  const page = await context.newPage();
  page.complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !message.text().includes('status of 4')) page.complaints.push(message.text());
  });
  page.on('pageerror', (error) => page.complaints.push(String(error)));
  if (who) {
    const { email, password } = demo.logins[who];
    await page.goto('/login');
    await page.fill('input[name=email]', email);
    await page.fill('input[name=password]', password);
    await page.press('input[name=password]', 'Enter');
    await page.waitForURL(/projects/);
  }
  return page;
}

/** Opens a menu and clicks a choice in it. Fonts that arrive and a menu that fades in would move it away from the click. */
export async function choose(page, button, choice) {
  const atRest = () => page.evaluate(() => Promise.all([document.fonts.ready, ...document.getAnimations().map(({ finished }) => finished)]));
  await atRest();
  await page.click(button);
  await atRest();
  await page.click(`.menu:popover-open >> ${choice}`);
}

/** Clicks a button of a dialog, once what the dialog says of its effect is computed: until then the button may move. */
export async function confirm(page, button) {
  await page.waitForSelector('dialog[open] [aria-busy=true]', { state: 'detached' });
  await page.click(button);
}

/** Whether nothing of the page is cut off at its sides. A page that has just begun to arrive has nothing to measure. */
export async function fits(page) {
  await page.waitForLoadState('domcontentloaded');
  return page.evaluate(() => document.documentElement.scrollWidth <= innerWidth);
}

export const LENA = '/projects/sundial/customers/lena.okafor_4471';
export const customer = (id) => `/projects/sundial/customers/${encodeURIComponent(id)}`;

/**
 * The violations that axe finds on a page, which was opened with `bypassCSP`. In dark only the contrast is checked,
 * because everything else is the same as in light.
 */
export async function violations(page, colorScheme = 'light') {
  // Elements that are still fading in have less contrast.
  await page.evaluate(() => Promise.all(document.getAnimations().map((animation) => animation.finished)));
  await page.evaluate(AXE);
  const rules = colorScheme === 'dark'
    ? ['color-contrast']
    : ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const { violations: found } = await page.evaluate((runOnly) => window.axe.run(document, { runOnly }), rules);
  return found.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map((node) => node.html).join(' | ')}`);
}
