import { beforeAll, describe, expect, it } from '@jest/globals';
import { findProvider, PROVIDER_NAMES } from '#providers';
import { personas, sandboxes } from '#providers/sandbox';
import { type Account, Backend, reply, until } from '../support/backend.js';
import { session } from '../support/service.js';

/** How a persona's connecting ends, and how her accounts are once her story has been told. */
interface Story {
  ending?: string;
  healths?: string[];
}

/** Seconds: long enough for a slow machine to be in time, with the refresh due at 84 % of it at the latest. */
const LIFE = 600;
const DUE = 505;

const ROTATING = ['needs_reauth', 'active'];
const STORIES: Record<string, Story> = {
  denies: { ending: 'oauth_error=access_denied' },
  'partial-consent': { healths: ['missing_permissions'] },
  'no-refresh-token': { healths: ['needs_reauth'] },
  'lost-answer': { healths: ROTATING },
  'revokes-after-connect': { healths: ['needs_reauth'] },
  suspended: { healths: ['restricted', 'needs_reauth'] },
  'password-changed': { healths: ['needs_reauth'] },
  'page-role-lost': { healths: ['active', 'missing_permissions'] },
};

interface Journey {
  provider: string;
  persona: string;
  story: Story;
  landing: string;
  accountIds: string[];
}

const offered = sandboxes.flatMap(({ name, impossiblePersonas }) =>
  personas.filter(({ key }) => !Object.hasOwn(impossiblePersonas, key)).map(({ key }) => [name, key] as const));
/** Where nobody has Pages, having none is no story. */
const withPages = new Set(sandboxes.filter((sandbox) => 'pages' in sandbox).map(({ name }) => name));
const hasPages = (provider: string): boolean => withPages.has(provider);
const isExtended = (provider: string): boolean => findProvider(provider)?.refresh.mode === 'extend_self';

/** What has ended cannot be extended: twenty seconds leave no time for a first try, a turned clock none for a second. */
const HURRIED: Story = { healths: ['needs_reauth', 'active'] };
const ELSEWHERE: Record<string, (provider: string) => Story | undefined> = {
  'no-pages': (provider) => (hasPages(provider) ? { ending: 'oauth_error=no_eligible_account' } : undefined),
  'page-role-lost': (provider) => (hasPages(provider) ? undefined : {}),
  'short-lived': (provider) => (isExtended(provider) ? HURRIED : undefined),
  flaky: (provider) => (isExtended(provider) ? HURRIED : undefined),
};
const storyOf = (provider: string, persona: string): Story => ELSEWHERE[persona]?.(provider) ?? STORIES[persona] ?? {};

let backend: Backend;
const journeys = new Map<string, Journey>();
let accounts: Map<string, Account>;

async function go(provider: string, persona: string): Promise<void> {
  const { authorize_url, state } = await backend.start(provider);
  const { headers } = await reply(await backend.decide(authorize_url, persona), { redirect: 'manual' });
  const { body } = await backend.get(`/v1/oauth/attempts/${state}`);
  const { account_ids: accountIds } = body as { account_ids: string[] };
  journeys.set(`${provider}/${persona}`, { provider, persona, story: storyOf(provider, persona), landing: headers.get('location')!, accountIds });
}

const readAll = async (): Promise<Map<string, Account>> => {
  const found = new Map<string, Account>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await backend.get(`/v1/accounts?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    const page = body as { items: Account[]; next_cursor: string | null };
    for (const account of page.items) found.set(account.id, account);
    cursor = page.next_cursor;
  }
  return found;
};
const nameOf = ({ id, provider }: Account): string =>
  [...journeys.values()].find(({ accountIds }) => accountIds.includes(id))?.persona ?? provider;
const asTold = ({ story, accountIds }: Journey, all: Map<string, Account>): boolean =>
  accountIds.every((id) => (story.healths ?? ['active']).includes(all.get(id)?.health ?? 'gone'));

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  for (const provider of PROVIDER_NAMES) {
    const app = { provider, name: provider, client_id: `conformance-${provider}-${Date.now()}`, client_secret: 'a-secret-of-a-test' };
    expect((await backend.post('/v1/oauth-apps', app)).status).toBe(201);
    const knobs = { provider, client_id: app.client_id, access_ttl_seconds: LIFE };
    expect((await backend.control('POST', '/apps', knobs)).status).toBe(200);
  }
  await Promise.all(offered.map(([provider, persona]) => go(provider, persona)));
  await backend.pass(35);
  await backend.pass(DUE - 35);
  // A Page is alive by a token without an end, whatever becomes of the refreshes behind it.
  const isUntouched = ({ last_refreshed_at: at, health, token_expires_at: end }: Account): boolean =>
    at === null && health === 'active' && end !== null;
  const untouched = async (): Promise<string[]> => [...(await readAll()).values()].filter(isUntouched).map(nameOf);
  await until(untouched, ({ length }) => length === 0, 60);
  await backend.pass(61);
  const settled = (all: Map<string, Account>): boolean => [...journeys.values()].every((journey) => asTold(journey, all));
  accounts = await until(readAll, settled, 90).catch(readAll);
}, 360_000);

describe.each(PROVIDER_NAMES.map((name) => [name]))('at %s', (provider) => {
  it.each(offered.filter(([name]) => name === provider))('%s: the story of %s is told as it is', (_, persona) => {
    const journey = journeys.get(`${provider}/${persona}`)!;
    expect(journey.landing).toContain(journey.story.ending ?? `connected=${provider}`);
    const healths = journey.accountIds.map((id) => accounts.get(id)?.health);
    expect(healths.filter((health) => !(journey.story.healths ?? ['active']).includes(health!))).toEqual([]);
    expect(journey.accountIds.length > 0).toBe(journey.story.ending === undefined);
  });

  it('never lets a lost answer pass for a revocation', () => {
    const { accountIds } = journeys.get(`${provider}/lost-answer`)!;
    const dead = accountIds.map((id) => accounts.get(id)!).filter(({ health }) => health === 'needs_reauth');
    expect(dead.map(({ health_reason }) => health_reason)).toEqual(dead.map(() => 'refresh_outcome_unknown'));
  });
});
