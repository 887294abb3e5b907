import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Account, Backend } from '../support/backend.js';
import { session } from '../support/service.js';

type WholeAccount = Account & Record<string, unknown>;

const FIELDS = [
  ...['id', 'provider', 'platform_account_id', 'handle', 'display_name', 'avatar_url', 'health', 'health_reason'],
  ...['connection_type', 'project_id', 'oauth_app_id', 'scopes', 'token_expires_at', 'refresh_expires_at'],
  ...['reauth_due_at', 'last_refreshed_at', 'next_refresh_at', 'last_probed_at', 'connected_at', 'metadata'],
];
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
const DAY = 86_400_000;

let backend: Backend;
let app: string;
let person: WholeAccount;
let page: WholeAccount;
let member: WholeAccount;

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  app = await backend.app('x');
  await backend.app('facebook');
  await backend.app('linkedin');
  person = (await backend.connect('x', 'happy')) as WholeAccount;
  page = (await backend.connect('facebook', 'one-page')) as WholeAccount;
  member = (await backend.connect('linkedin', 'happy')) as WholeAccount;
});

afterAll(async () => {
  for (const { id } of [person, page, member]) await backend.delete(`/v1/accounts/${id}`);
});

const end = (time: unknown): number => Date.parse(String(time));

describe('The fields of an account', () => {
  it('every answer has the fields of the table, and no other', () => {
    for (const account of [person, page, member]) expect(Object.keys(account).sort()).toEqual([...FIELDS].sort());
  });

  it('id is acc_ and 26 characters', () => {
    expect(person.id).toMatch(/^acc_[0-7][0-9a-hjkmnp-tv-z]{25}$/);
  });

  it('provider names the platform; platform is accepted for it and never emitted', async () => {
    expect(person).toMatchObject({ provider: 'x' });
    const { body } = await backend.get('/v1/accounts?platform=x');
    expect(body).toMatchObject({ items: [{ id: person.id, provider: 'x' }], total: 1 });
    expect(JSON.stringify(body)).not.toContain('"platform"');
  });

  it('platform_account_id, handle, display_name and avatar_url are the values of the platform', () => {
    expect(person).toMatchObject({
      platform_account_id: '2244994945',
      handle: 'hanna_happy',
      display_name: 'Hanna Happy',
      avatar_url: expect.stringMatching(/^https?:/),
    });
  });

  it('handle is null where the platform has none', () => {
    expect(page.handle).toBeNull();
  });

  it('health and health_reason show its state', () => {
    expect(person).toMatchObject({ health: 'active', health_reason: null });
  });

  it('connection_type is oauth where a person consented', () => {
    expect(person.connection_type).toBe('oauth');
  });

  it('project_id and oauth_app_id name the project and the app', () => {
    expect(person).toMatchObject({ project_id: expect.stringMatching(/^prj_[0-9a-z]{26}$/), oauth_app_id: app });
  });

  it('scopes are the granted ones', () => {
    expect(person.scopes).toEqual(expect.arrayContaining(['tweet.read']));
  });

  it('token_expires_at is the end of the access token, and null where it has none, as that of a Page', () => {
    expect(person.token_expires_at).toMatch(TIME);
    expect(page.token_expires_at).toBeNull();
  });

  it('refresh_expires_at is the end of the refresh token, and null where none is known', () => {
    expect(end(member.refresh_expires_at) - end(member.connected_at)).toBeGreaterThan(300 * DAY);
    expect(person.refresh_expires_at).toBeNull();
  });

  it('reauth_due_at is the day after which only the person can help, and null where no such day is known', async () => {
    expect(end(member.reauth_due_at)).toBe(end(member.refresh_expires_at));
    await backend.post(`/v1/accounts/${page.id}/probe`);
    page = (await backend.account(page.id)) as WholeAccount;
    expect(end(page.reauth_due_at) - end(page.connected_at)).toBeGreaterThan(80 * DAY);
    expect(person.reauth_due_at).toBeNull();
  });

  it('last_refreshed_at is null until the first refresh, next_refresh_at is before the end of the token', () => {
    expect(person.last_refreshed_at).toBeNull();
    expect(end(person.next_refresh_at)).toBeGreaterThan(end(person.connected_at));
    expect(end(person.next_refresh_at)).toBeLessThan(end(person.token_expires_at));
  });

  it('last_probed_at is the time of the consent, which included a probe', () => {
    expect(person.last_probed_at).toMatch(TIME);
  });

  it('connected_at is the first connection and stays, also when the person connects again', async () => {
    const again = (await backend.connect('x', 'happy')) as WholeAccount;
    expect([again.id, again.connected_at]).toEqual([person.id, person.connected_at]);
  });

  it('metadata is an object of texts', () => {
    expect(person.metadata).toEqual({});
  });

  it('times are ISO 8601 in UTC with Z, without milliseconds', () => {
    for (const account of [person, page, member])
      for (const [name, value] of Object.entries(account))
        if (name.endsWith('_at') && value !== null) expect([name, value]).toEqual([name, expect.stringMatching(TIME)]);
  });
});
