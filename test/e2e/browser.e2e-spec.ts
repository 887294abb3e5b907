import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { Backend, until } from '../support/backend.js';
import { freePorts } from '../support/free-ports.js';
import { type ServiceSession, session } from '../support/service.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
  existsSync(path),
);
const inBrowser = CHROMIUM ? describe : describe.skip;
const QUIET = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts examples/backend.mjs as its first line describes, in front of the running service and on a port of its own. */
async function startExample({ apiUrl, key }: ServiceSession): Promise<{ url: string; stop(): void }> {
  const { port } = await freePorts();
  const env = { PATH: process.env.PATH, EVERGRANT_KEY: key, EVERGRANT_URL: apiUrl, PORT: String(port) };
  const child = spawn(process.execPath, ['examples/backend.mjs'], { env, stdio: ['ignore', 'inherit', 'inherit'] });
  const url = `http://localhost:${port}`;
  await until(
    () =>
      fetch(url).then(
        ({ status }) => status,
        () => 0,
      ),
    (status) => status !== 0,
  );
  return {
    url,
    stop: () => {
      child.kill();
    },
  };
}

/** Run in the page: the texts whose contrast to what is behind them is below 4.5 to 1 (WCAG 2.2 1.4.3). */
const WEAK_CONTRASTS = `(() => {
  const linear = (part) => { const share = part / 255; return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4; };
  const luminance = (color) => { const [r, g, b] = color.match(/[\\d.]+/g).map(Number).map(linear); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  return [...document.querySelectorAll('h1, p, li strong, li span, a, dt, dd code, footer')].filter((element) => {
    const behind = getComputedStyle(element.closest('main') ?? document.body).backgroundColor;
    const [dark, light] = [luminance(getComputedStyle(element).color), luminance(behind)].sort((a, b) => a - b);
    return (light + 0.05) / (dark + 0.05) < 4.5;
  }).map((element) => element.textContent);
})()`;

inBrowser(
  CHROMIUM
    ? 'a person with a browser'
    : 'a person with a browser (skipped: there is no chromium; apt-get install -y chromium)',
  () => {
    let browser: Browser;
    let context: BrowserContext;
    let page: Page;
    let service: ServiceSession;
    const complaints: string[] = [];

    beforeAll(async () => {
      service = session();
      browser = await chromium.launch({ executablePath: CHROMIUM!, args: QUIET });
    });
    afterAll(() => browser.close());

    beforeEach(async () => {
      complaints.length = 0;
      context = await browser.newContext();
      page = await context.newPage();
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => {
        const isIcon = message.location().url.endsWith('/favicon.ico');
        if (message.type() === 'error' && !isIcon) complaints.push(message.text());
      });
    });
    afterEach(async () => {
      await context.close();
      expect(complaints).toEqual([]);
    });

    it('selects a persona at the platform, consents, and gets the page of success', async () => {
      const backend = new Backend(service, service.key);
      const { authorize_url, state } = await backend.start('x');
      await page.goto(authorize_url);
      await page.getByText('Mei Modest').click();
      await page.getByRole('button', { name: 'Authorize app' }).click();
      await page.waitForURL(`${service.apiUrl}/connected?connected=x`);
      expect(await page.getByRole('heading').textContent()).toBe('Connected');
      expect(await page.locator('main').innerText()).toMatch(/^X\s+Connected\s+Mei Modest\s+@mei_modest/);
      const { body } = await backend.get(`/v1/oauth/attempts/${state}`);
      expect(await backend.account((body as { account_ids: string[] }).account_ids[0]!)).toMatchObject({
        handle: 'mei_modest',
        health: 'active',
      });
    });

    it('connects an account again through a link that was sent to its person', async () => {
      const backend = await Backend.ofNewCustomer(service);
      const app = { provider: 'x', name: 'X', client_id: 'app-of-a-link', client_secret: 'shh' };
      expect((await backend.post('/v1/oauth-apps', app)).status).toBe(201);
      const { id } = await backend.connect('x', 'mei');
      const { body } = await backend.post(`/v1/accounts/${id}/reauth`, { expires_in: 604_800 });
      const link = (body as { authorize_url: string }).authorize_url;
      await page.goto(link);
      expect(await page.locator('main').innerText()).toMatch(/^X\s+Connect this account again\s+Mei Modest/);
      await page.getByRole('button', { name: 'Continue to X' }).click();
      await page.getByText('Mei Modest').click();
      await page.getByRole('button', { name: 'Authorize app' }).click();
      await page.waitForURL(`${service.apiUrl}/connected?connected=x`);
      const events = (await backend.get(`/v1/accounts/${id}/events`)).body as { items: { type: string }[] };
      expect(events.items.map(({ type }) => type)).toContain('account.reconnected');
      await page.goto(link);
      expect(await page.getByRole('heading').textContent()).toBe('This link has ended');
      // The browser itself reports an answer of 410.
      complaints.length = 0;
    });

    it('connects through the backend of examples/, which then shows the account', async () => {
      const example = await startExample(service);
      try {
        await page.goto(`${example.url}/connect/linkedin`);
        await page.getByText('Omar Ordinary').click();
        await page.getByRole('button', { name: 'Authorize app' }).click();
        await page.waitForURL(`${example.url}/connected?**`);
        const [, id] = /^completed: (acc_\w{26})$/.exec(await page.locator('body').innerText()) ?? [];
        const backend = new Backend(service, service.key);
        expect(await backend.account(id!)).toMatchObject({
          provider: 'linkedin',
          health: 'active',
          metadata: { user_ref: 'user-1' },
        });

        const elsewhere = await fetch(page.url());
        expect([elsewhere.status, await elsewhere.text()]).toEqual([403, 'This browser did not start the connection.']);
        for (const path of ['/connected', '/connected?flow=undefined', '/connected?flow='])
          expect((await fetch(example.url + path)).status).toBe(403);
      } finally {
        example.stop();
      }
    });

    it('gets the reason from the backend of examples/ when a connection cannot start, without a redirect', async () => {
      const example = await startExample(service);
      try {
        const refused = await fetch(`${example.url}/connect/facebook-pages`, { redirect: 'manual' });
        expect([refused.status, await refused.text()]).toEqual([
          502,
          expect.stringContaining('did you mean facebook?'),
        ]);
        expect(refused.headers.get('location')).toBeNull();
      } finally {
        example.stop();
      }
    });

    it('denies the consent, and gets the page of the denial', async () => {
      const { authorize_url } = await new Backend(service, service.key).start('tiktok');
      await page.goto(authorize_url);
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.waitForURL(`${service.apiUrl}/connected?oauth_error=access_denied`);
      expect(await page.getByRole('heading').textContent()).toBe('Not connected');
      expect(await page.locator('main').innerText()).toMatch(/^TikTok\s+Not connected[\s\S]*access_denied/);
    });

    it.each(['light', 'dark'] as const)(
      'reads every page on a phone of 320 pixels, in %s, without scrolling sideways and at a good contrast',
      async (colorScheme) => {
        await page.emulateMedia({ colorScheme });
        await page.setViewportSize({ width: 320, height: 568 });
        for (const path of [
          '/',
          '/connected?connected=x',
          '/connected?oauth_error=no_eligible_account',
          '/data-deletion/unknown',
          '/reauth/unknown',
        ]) {
          await page.goto(service.apiUrl + path);
          expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
          expect(await page.evaluate(WEAK_CONTRASTS)).toEqual([]);
        }
        // The browser itself reports an answer of 404.
        complaints.length = 0;
      },
    );

    it('authorizes Swagger UI with the printed key, executes the list, and gets 200', async () => {
      await page.goto(service.docsUrl);
      await page.getByRole('button', { name: 'Authorize' }).first().click();
      const dialog = page.locator('.modal-ux .auth-container').filter({ hasText: 'apiKey' });
      await dialog.locator('input').fill(service.key);
      await dialog.getByRole('button', { name: /Apply|Authorize/ }).click();
      await page.locator('.modal-ux').getByRole('button', { name: 'Close' }).first().click();
      const list = page.locator('.opblock').filter({ hasText: 'List accounts, newest first' });
      await list.locator('.opblock-summary-control').click();
      await list.getByRole('button', { name: 'Execute' }).click();
      const answer = list.locator('.live-responses-table .response').first();
      await answer.waitFor();
      expect(await answer.locator('.response-col_status').textContent()).toMatch(/^200/);
      expect(await answer.locator('.highlight-code').first().textContent()).toContain('"items"');
    });
  },
);
