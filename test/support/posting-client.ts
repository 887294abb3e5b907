import { authorizeUrl, type PlatformRequest, providerOf, reach } from '#providers';
import { Secret } from '#observability';
import type { Answer, TestSandbox } from './sandbox.js';

const app = { clientId: 'an-app-that-posts', clientSecret: new Secret('its-secret') };
const REDIRECT_URI = 'https://shop.example/callback';
const verifier = new Secret('a-verifier-of-more-than-forty-three-characters-0123456789');

/** An account at an imitated platform, with the token by which it posts. */
export interface PostingAccount {
  readonly provider: string;
  readonly platformAccountId: string;
  readonly accessToken: Secret;
}

async function send(sandbox: TestSandbox, request: PlatformRequest): Promise<unknown> {
  const { method, url, headers, form } = request.reveal();
  const body = form && { body: new URLSearchParams(form) };
  const answer = await fetch(reach(url, 'test', sandbox.url), { method, headers, ...body });
  const text = await answer.text();
  return JSON.parse(text.replace(/:\s*(\d{16,})/g, ':"$1"')) as unknown;
}

/** Connects a persona, and takes its first Page where the platform has Pages. */
export async function connectAt(sandbox: TestSandbox, name: string, persona = 'happy'): Promise<PostingAccount> {
  const provider = providerOf(name);
  const consent = authorizeUrl(provider, {
    clientId: app.clientId,
    redirectUri: REDIRECT_URI,
    scopes: provider.scopes.default,
    state: new Secret('a-state'),
    verifier,
  });
  const decision = `&sandbox_user=${persona}&sandbox_decision=approve`;
  const decided = await sandbox.call(`${consent}${decision}`);
  const code = new Secret(new URL(decided.headers.get('location') ?? '').searchParams.get('code') ?? '');
  const proof = provider.authorize.pkce(REDIRECT_URI) ? verifier : null;
  const exchange = provider.token.exchange({ app, code, redirectUri: REDIRECT_URI, verifier: proof });
  const first = provider.token.read(await send(sandbox, exchange))!.accessToken;
  const accessToken = provider.token.prolong
    ? provider.token.read(await send(sandbox, provider.token.prolong({ app, accessToken: first })))!.accessToken
    : first;
  return provider.profiles ? firstPage(sandbox, name, accessToken) : identify(sandbox, name, accessToken);
}

async function identify(sandbox: TestSandbox, name: string, accessToken: Secret): Promise<PostingAccount> {
  const { identity, scopes } = providerOf(name);
  const read = identity.read(await send(sandbox, identity.request(accessToken, scopes.default)))!;
  return { provider: name, platformAccountId: read.platformAccountId, accessToken };
}

async function firstPage(sandbox: TestSandbox, name: string, accessToken: Secret): Promise<PostingAccount> {
  const profiles = providerOf(name).profiles!;
  const page = profiles.read(await send(sandbox, profiles.request(accessToken, null, profiles.sizes[0])))!.profiles[0]!;
  return { provider: name, platformAccountId: page.platformAccountId, accessToken: page.accessToken! };
}

/** Calls with the token of an account; `json` is sent as JSON. */
export const callAs =
  (sandbox: () => TestSandbox) =>
  (
    { accessToken }: PostingAccount,
    method: string,
    url: string,
    json?: object,
    headers: Record<string, string> = {},
  ): Promise<Answer> =>
    sandbox().call(url, {
      method,
      headers: {
        authorization: `Bearer ${accessToken.reveal()}`,
        ...(json && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(json && { body: JSON.stringify(json) }),
    });

/** What a follower of one platform would see. */
export interface Effect {
  readonly account: string;
  readonly text: string;
  readonly media: string[];
  readonly id: string;
  readonly details: Record<string, string>;
}

export const effectsOf = async (sandbox: TestSandbox, provider: string): Promise<Effect[]> =>
  (await sandbox.control('GET', `/effects?provider=${provider}`)).body as Effect[];
