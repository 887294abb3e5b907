import { expect } from '@jest/globals';
import type { Answer, TestSandbox } from './sandbox.js';
import { type Params, SandboxClient } from './sandbox-client.js';

const AUTHORIZE_URL = 'https://www.instagram.com/oauth/authorize';
export const CODE_URL = 'https://api.instagram.com/oauth/access_token';
const EXCHANGE_URL = 'https://graph.instagram.com/access_token';
const EXTEND_URL = 'https://graph.instagram.com/refresh_access_token';
export const ME_URL = 'https://graph.instagram.com/v25.0/me';

export const REDIRECT_URI = 'https://evergrant.example/v1/oauth/instagram/callback';
export const APP = { client_id: '990602627938098', client_secret: 'secret' };
export const AUTHORIZE_REQUEST = {
  response_type: 'code',
  client_id: APP.client_id,
  redirect_uri: REDIRECT_URI,
  scope: 'instagram_business_basic,instagram_business_content_publish',
  state: 'the state',
} satisfies Params;

/** An app at the imitated Instagram: its two kinds of tokens, and the calls that take them. */
export class InstagramClient extends SandboxClient {
  constructor(private readonly imitation: () => TestSandbox) {
    super(imitation, {
      authorizeUrl: AUTHORIZE_URL,
      tokenUrl: CODE_URL,
      authorize: AUTHORIZE_REQUEST,
      token: APP,
      exchange: { redirect_uri: REDIRECT_URI },
    });
  }

  get(url: string, query: Record<string, string>): Promise<Answer> {
    return this.imitation().call(`${url}?${new URLSearchParams(query).toString()}`);
  }

  /** Exchanges a short-lived token for a long-lived one. */
  prolong(token: string, query: Record<string, string> = {}): Promise<Answer> {
    return this.get(EXCHANGE_URL, {
      grant_type: 'ig_exchange_token',
      client_secret: APP.client_secret,
      access_token: token,
      ...query,
    });
  }

  extend(token: string): Promise<Answer> {
    return this.get(EXTEND_URL, { grant_type: 'ig_refresh_token', access_token: token });
  }

  me(token: string, fields = 'user_id', url = ME_URL): Promise<Answer> {
    return this.imitation().call(`${url}?fields=${fields}`, { headers: { authorization: `Bearer ${token}` } });
  }

  async shortLived(persona = 'happy'): Promise<string> {
    return (await this.connect(persona)).access_token;
  }

  async longLived(persona = 'happy'): Promise<string> {
    return (await this.prolong(await this.shortLived(persona))).body.access_token as string;
  }

  advance(seconds: number): Promise<Answer> {
    return this.imitation().control('POST', '/clock', { advance_seconds: seconds });
  }

  /** Changes how the imitation treats the app. */
  settings(changes: object): Promise<Answer> {
    return this.imitation().control('POST', '/apps', {
      provider: 'instagram',
      client_id: APP.client_id,
      ...changes,
    });
  }
}

/** The error envelope of api.instagram.com. */
export const rejected = (message: unknown): object => ({
  status: 400,
  body: { error_type: 'OAuthException', code: 400, error_message: message },
});

/** The error envelope of graph.instagram.com. */
export const graphError = (code: number, subcode?: number, status = 400): object => ({
  status,
  body: {
    error: { type: 'OAuthException', code, ...(subcode && { error_subcode: subcode }), fbtrace_id: expect.any(String) },
  },
});
