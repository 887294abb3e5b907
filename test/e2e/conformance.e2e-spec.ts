import { beforeAll, describe, expect, it } from '@jest/globals';
import { findProvider, PROVIDER_NAMES } from '#providers';
import { personas, sandboxes } from '#providers/sandbox';
import { type Account, Backend, reply, until } from '../support/backend.js';
import { session } from '../support/service.js';

/** How the connect flow of a persona ends, and the final health of its accounts. */
interface Story {
  ending?: string;
  healths?: string[];
  /** The final status of the app; the default is `active`. */
  app?: string;
}

/** Personas that make the whole app fail: each has an app of its own, so that the others are not affected. */
const ALONE = ['wrong-secret', 'billing-exhausted'];
const DAY = 24 * 60 * 60;

/** Seconds: long enough for a slow machine to receive the second refusal while the token is valid, with the refresh due at 84 % of it at the latest. */
const LIFE = 1_200;
const DUE = 1_009;

/** Where a reuse does not end the access token, the loss is decided only later. */
const ROTATING = ['needs_reauth', 'degraded', 'active'];
const STORIES: Record<string, Story> = {
  denies: { ending: 'oauth_error=access_denied' },
  'partial-consent': { healths: ['missing_permissions'] },
  'wrong-secret': { ending: 'oauth_error=app_misconfigured', app: 'misconfigured' },
  'no-refresh-token': { healths: ['needs_reauth'] },
  'lost-answer': { healths: ROTATING },
  'revokes-after-connect': { healths: ['needs_reauth'] },
  suspended: { healths: ['restricted', 'needs_reauth'] },
  'password-changed': { healths: ['needs_reauth'] },
  // A list without the Page only makes its probe due; the platform then refuses the token of the probe.
  'page-role-lost': { healths: ['active', 'missing_permissions', 'needs_reauth'] },
};

/** A line of the sandbox's call log. */
interface Call {
  persona?: string;
  client_id?: string;
  outcome: string;
}

interface Journey {
  provider: string;
  persona: string;
  story: Story;
  landing: string;
  accountIds: string[];
  customer: Backend;
}

const offered = sandboxes.flatMap(({ name, impossiblePersonas }) =>
  personas.filter(({ key }) => !Object.hasOwn(impossiblePersonas, key)).map(({ key }) => [name, key] as const),
);
/** Platforms with Pages: only there a person without Pages is a case of its own. */
const withPages = new Set(sandboxes.filter((sandbox) => 'pages' in sandbox).map(({ name }) => name));
const hasPages = (provider: string): boolean => withPages.has(provider);
const isExtended = (provider: string): boolean => findProvider(provider)?.refresh.mode === 'extend_self';

/** An expired token cannot be extended: twenty seconds are too short for a first try, and the moved clock for a second. */
const HURRIED: Story = { healths: ['needs_reauth', 'active'] };
const ELSEWHERE: Record<string, (provider: string) => Story | undefined> = {
  'no-pages': (provider) => (hasPages(provider) ? { ending: 'oauth_error=no_eligible_account' } : undefined),
  'page-role-lost': (provider) => (hasPages(provider) ? undefined : {}),
  'short-lived': (provider) => (isExtended(provider) ? HURRIED : undefined),
  flaky: (provider) => (isExtended(provider) ? HURRIED : undefined),
  'rate-limited': (provider) => (isExtended(provider) ? HURRIED : undefined),
};
const storyOf = (provider: string, persona: string): Story => ELSEWHERE[persona]?.(provider) ?? STORIES[persona] ?? {};

let backend: Backend;
/** By persona; the others are users of `backend`'s customer. */
const alone = new Map<string, Backend>();
const journeys = new Map<string, Journey>();
let accounts: Map<string, Account>;

async function register(customer: Backend, whose: string, provider: string): Promise<void> {
  const app = {
    provider,
    name: provider,
    client_id: `conformance-${whose}-${provider}-${Date.now()}`,
    client_secret: 'a-secret-of-a-test',
  };
  expect((await customer.post('/v1/oauth-apps', app)).status).toBe(201);
  const knobs = { provider, client_id: app.client_id, access_ttl_seconds: LIFE };
  expect((await customer.control('POST', '/apps', knobs)).status).toBe(200);
}

async function go(provider: string, persona: string): Promise<void> {
  const customer = alone.get(persona) ?? backend;
  const { authorize_url, state } = await customer.start(provider);
  const { headers } = await reply(await customer.decide(authorize_url, persona), { redirect: 'manual' });
  const { body } = await customer.get(`/v1/oauth/attempts/${state}`);
  const { account_ids: accountIds } = body as { account_ids: string[] };
  const story = storyOf(provider, persona);
  journeys.set(`${provider}/${persona}`, {
    provider,
    persona,
    story,
    landing: headers.get('location')!,
    accountIds,
    customer,
  });
}

const appOf = async ({ customer, provider }: Journey): Promise<string | undefined> =>
  ((await customer.get('/v1/oauth-apps')).body as { provider: string; status: string }[]).find(
    (app) => app.provider === provider,
  )?.status;

const readAllAccounts = async (): Promise<Map<string, Account>> =>
  new Map((await Promise.all([backend, ...alone.values()].map(readAll))).flatMap((found) => [...found]));

const readAll = async (customer: Backend): Promise<Map<string, Account>> => {
  const found = new Map<string, Account>();
  for (let cursor: string | null = ''; cursor !== null;) {
    const { body } = await customer.get(`/v1/accounts?limit=100${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    const page = body as { items: Account[]; next_cursor: string | null };
    for (const account of page.items) found.set(account.id, account);
    cursor = page.next_cursor;
  }
  return found;
};
const nameOf = ({ id, provider }: Account): string =>
  [...journeys.values()].find(({ accountIds }) => accountIds.includes(id))?.persona ?? provider;
const isAsExpected = ({ story, accountIds }: Journey, all: Map<string, Account>): boolean =>
  accountIds.every((id) => (story.healths ?? ['active']).includes(all.get(id)?.health ?? 'gone'));

beforeAll(async () => {
  backend = await Backend.ofNewCustomer(session());
  for (const persona of ALONE) alone.set(persona, await Backend.ofNewCustomer(session()));
  for (const provider of PROVIDER_NAMES) {
    await register(backend, 'all', provider);
    for (const [persona, customer] of alone) await register(customer, persona, provider);
  }
  await Promise.all(offered.map(([provider, persona]) => go(provider, persona)));
  await backend.pass(35);
  await backend.pass(DUE - 35);
  // The token of a Page has no end, so that its account stays active whatever the refreshes return.
  const isUntouched = ({ last_refreshed_at: at, health, token_expires_at: end }: Account): boolean =>
    at === null && health === 'active' && end !== null;
  const untouched = async (): Promise<string[]> =>
    [...(await readAll(backend)).values()].filter(isUntouched).map(nameOf);
  await until(untouched, ({ length }) => length === 0, 60);
  await backend.pass(61);
  const settled =
    (...without: string[]) =>
    (all: Map<string, Account>): boolean =>
      [...journeys.values()].every((journey) => without.includes(journey.persona) || isAsExpected(journey, all));
  await until(readAllAccounts, settled('no-refresh-token'), 90).catch(() => undefined);
  // Tokens that cannot be refreshed expire.
  await backend.pass(LIFE - DUE);
  accounts = await until(readAllAccounts, settled(), 60).catch(readAllAccounts);
}, 360_000);

describe.each(PROVIDER_NAMES.map((name) => [name]))('at %s', (provider) => {
  it.each(offered.filter(([name]) => name === provider))(
    '%s: the accounts of %s reach the expected health',
    async (_, persona) => {
      const journey = journeys.get(`${provider}/${persona}`)!;
      expect(journey.landing).toContain(journey.story.ending ?? `connected=${provider}`);
      const healths = journey.accountIds.map((id) => accounts.get(id)?.health);
      expect(healths.filter((health) => !(journey.story.healths ?? ['active']).includes(health!))).toEqual([]);
      expect(journey.accountIds.length > 0).toBe(journey.story.ending === undefined);
      expect(await appOf(journey)).toBe(journey.story.app ?? 'active');
    },
  );

  /** A token that is extended may expire before the limit ends. */
  it('repeats a rate-limited call until it is answered', async () => {
    const outcomes = async (): Promise<string[]> =>
      ((await backend.control('GET', `/calls?provider=${provider}&endpoint=token&since=0`)).body as Call[])
        .filter(({ persona, client_id: app }) => persona === 'rate-limited' && app?.startsWith('conformance-all-'))
        .map(({ outcome }) => outcome);
    const [limited, answer] = ['too_many_requests', isExtended(provider) ? /^(ok|expired_token)$/ : /^ok$/] as const;
    const isRepeated = (found: string[]): boolean =>
      found.includes(limited) && found.slice(found.indexOf(limited)).some((outcome) => answer.test(outcome));
    expect(await until(outcomes, isRepeated, 60)).toContain(limited);
  }, 90_000);

  it('never reports a lost answer as a revocation', () => {
    const { accountIds } = journeys.get(`${provider}/lost-answer`)!;
    const lost = accountIds.map((id) => accounts.get(id)!).filter(({ health }) => health !== 'active');
    expect(lost.map(({ health_reason }) => health_reason)).toEqual(lost.map(() => 'refresh_outcome_unknown'));
  });
});

/** The last block, since it moves the clock by a day: at most one paid call a day checks an account. */
describe('at platforms that sell calls', () => {
  const sold = offered.filter(([, persona]) => persona === 'billing-exhausted').map(([provider]) => [provider]);

  it.each(sold)(
    '%s: spent credits pause the app, and change no account',
    async (provider) => {
      const journey = journeys.get(`${provider}/billing-exhausted`)!;
      const [customer, id] = [journey.customer, journey.accountIds[0]!];
      await customer.pass(DAY);
      await customer.accountUntil(id, ({ token_expires_at: end }) => Date.parse(end!) > Date.now() + DAY * 1_000, 90);
      expect(await customer.post(`/v1/accounts/${id}/probe`)).toMatchObject({
        status: 503,
        body: { code: 'oauth_app.paused' },
      });
      expect([await appOf(journey), (await customer.account(id)).health]).toEqual(['paused', 'active']);
    },
    120_000,
  );
});
