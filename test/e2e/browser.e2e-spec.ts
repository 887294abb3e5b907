import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { Backend } from '../support/backend.js';
import { type ServiceSession, session } from '../support/service.js';

const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) => existsSync(path));
const inBrowser = CHROMIUM ? describe : describe.skip;
const QUIET = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

inBrowser(CHROMIUM ? 'a person with a browser' : 'a person with a browser (skipped: there is no chromium; apt-get install -y chromium)', () => {
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
    page.on('console', (message) => { if (message.type() === 'error') complaints.push(message.text()); });
  });
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  it('chooses who she is at the platform, says yes, and lands on the page that says so', async () => {
    const backend = new Backend(service, service.key);
    const { authorize_url, state } = await backend.start('x');
    await page.goto(authorize_url);
    await page.getByText('Mei Modest').click();
    await page.getByRole('button', { name: 'Authorize app' }).click();
    await page.waitForURL(`${service.apiUrl}/connected?connected=x`);
    expect(await page.getByRole('heading').textContent()).toBe('Connected');
    const { body } = await backend.get(`/v1/oauth/attempts/${state}`);
    expect(await backend.account((body as { account_ids: string[] }).account_ids[0]!)).toMatchObject({ handle: 'mei_modest', health: 'active' });
  });

  it('says no, and lands on the page that says so', async () => {
    const { authorize_url } = await new Backend(service, service.key).start('tiktok');
    await page.goto(authorize_url);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.waitForURL(`${service.apiUrl}/connected?oauth_error=access_denied`);
    expect(await page.getByRole('heading').textContent()).toBe('Not connected');
  });

  it('tries the API by hand: authorizes with the printed key, executes the list, sees 200', async () => {
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
});
