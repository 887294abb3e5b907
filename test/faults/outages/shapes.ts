import type { PlatformAnswer } from '#providers';

/** The reply of a platform: an answer, no answer to a sent request, or no connection. */
export type Reply = PlatformAnswer | 'lost' | 'not_sent';

/** One way for a platform to be down. */
export interface Shape {
  name: string;
  /** The reply of its token endpoint during the outage; undefined: it works. */
  token?: () => Reply;
  /** The reply of its API during the outage; undefined: it works. */
  api?: () => Reply;
  /** Seconds until the reply to a token request. */
  takes?: number;
  /** Whether it rotates the token despite the outage. */
  spends?: boolean;
}

const HTML = '<!doctype html><title>Something went wrong</title>';
const json = (status: number, body: unknown, headers: Record<string, string> = {}): PlatformAnswer => ({
  status,
  headers: { 'content-type': 'application/json', ...headers },
  body: Buffer.from(JSON.stringify(body)),
});
const html = (status: number, headers: Record<string, string> = {}): PlatformAnswer => ({
  status,
  headers: { 'content-type': 'text/html', ...headers },
  body: Buffer.from(HTML),
});
const inTwoMinutes = (): string => new Date(Date.now() + 120_000).toUTCString();

/** Wrong types: valid neither as tokens nor as a refusal. */
const ODD_TYPES = { access_token: 5, refresh_token: ['x'], expires_in: 'soon', token_type: null };

export const SHAPES: readonly Shape[] = [
  { name: '500', token: () => json(500, { error: 'invalid_grant' }) },
  { name: '502 with HTML', token: () => html(502) },
  { name: '503, Retry-After in seconds', token: () => html(503, { 'retry-after': '120' }) },
  { name: '503, Retry-After as a date', token: () => html(503, { 'retry-after': inTwoMinutes() }) },
  {
    name: '429',
    token: () =>
      json(429, { title: 'Too Many Requests' }, { 'x-rate-limit-reset': String(Math.ceil(Date.now() / 1_000) + 60) }),
  },
  { name: '408', token: () => json(408, { error: 'invalid_grant' }) },
  { name: 'hangs', token: () => 'lost', takes: 120 },
  { name: 'resets the connection', token: () => 'lost', api: () => 'lost' },
  { name: 'refuses the connection', token: () => 'not_sent', api: () => 'not_sent' },
  { name: 'no TLS', token: () => 'not_sent' },
  { name: '200 with HTML', token: () => html(200) },
  { name: '200 with an empty object', token: () => json(200, {}) },
  { name: '200 with odd types', token: () => json(200, ODD_TYPES) },
  { name: '200, cut off', token: () => ({ ...json(200, {}), body: Buffer.from('{"access_token":"abc') }) },
  { name: 'slow, then 504', token: () => html(504), takes: 60 },
  { name: '403 with HTML', token: () => html(403) },
  { name: 'unknown error code', token: () => json(400, { error: 'something_new' }) },
  { name: 'invalid_client for every grant', token: () => json(401, { error: 'invalid_client' }) },
  { name: 'invalid_grant for every grant, API works', token: () => json(400, { error: 'invalid_grant' }) },
  {
    name: 'invalid_grant for every grant, API down',
    token: () => json(400, { error: 'invalid_grant' }),
    api: () => html(503),
  },
  {
    name: 'invalid_grant for every grant, API refuses too',
    token: () => json(400, { error: 'invalid_grant' }),
    api: () => json(401, { title: 'Unauthorized', status: 401 }),
  },
  { name: 'tokens work, API refuses', api: () => json(401, { title: 'Unauthorized', status: 401 }) },
];
