import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import OAuth2Server from '@node-oauth/oauth2-server';
import { type Engine, type EngineSettings, type ReadRequest, REFRESH_TOKEN_LIFE } from './engine.js';
import { TokenModel } from './token-model.js';

type Work = (request: OAuth2Server.Request, response: OAuth2Server.Response) => Promise<unknown>;

const SCOPE = ['openid', 'offline_access'];

/** `@node-oauth/oauth2-server`: rotates every refresh token; a spent one is refused, and nothing more happens. */
export function nodeOauthEngine({ client, knobs }: EngineSettings): Engine {
  const model = new TokenModel(client);
  const server = new OAuth2Server({ model });
  const works: Record<string, Work> = {
    '/token': (request, response) =>
      server.token(request, response, {
        accessTokenLifetime: knobs.accessTokenLife,
        refreshTokenLifetime: REFRESH_TOKEN_LIFE,
        alwaysIssueNewRefreshToken: true,
      }),
    '/token/revocation': (request, response) => revoke(request, response, model),
    '/me': async (request, response) => {
      const { user } = await server.authenticate(request, response);
      response.body = { sub: String(user.id), preferred_username: String(user.id) };
    },
  };
  return {
    handle: (request, response) => answer(request, response, works[(request.url ?? '').split('?')[0] ?? '']),
    async seed(userId) {
      const [accessToken, refreshToken] = [newToken(), newToken()] as const;
      const ends = {
        accessTokenExpiresAt: inSeconds(knobs.accessTokenLife),
        refreshTokenExpiresAt: inSeconds(REFRESH_TOKEN_LIFE),
      };
      await model.saveToken({ accessToken, refreshToken, ...ends, scope: SCOPE }, model.client, { id: userId });
      return { userId, accessToken, refreshToken, expiresIn: knobs.accessTokenLife };
    },
    truth: (userId) => ({ userId, ...(model.users.get(userId) ?? { leaf: null, revoked: true }) }),
    userIds: () => [...model.users.keys()],
    ownerOf: (refreshToken) => model.ownerOf(refreshToken),
    revoke: (userId) => {
      model.revokeUser(userId);
      return Promise.resolve();
    },
  };
}

const newToken = (): string => randomBytes(32).toString('hex');
const inSeconds = (count: number): Date => new Date(Date.now() + count * 1_000);

/** RFC 7009, for which the library has no handler: an unknown token gets the same answer as any other. */
async function revoke(
  request: OAuth2Server.Request,
  response: OAuth2Server.Response,
  model: TokenModel,
): Promise<void> {
  const [, encoded = ''] = (request.get('authorization') as string | undefined)?.split(' ') ?? [];
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  if (!(await model.getClient(id, secret))) {
    Object.assign(response, { status: 401, body: { error: 'invalid_client' } });
    return;
  }
  const userId = model.userOf(String((request.body as Record<string, unknown>).token));
  if (userId !== undefined) model.revokeUser(userId);
  response.body = {};
}

async function answer({ method, headers, body }: ReadRequest, outgoing: ServerResponse, work?: Work): Promise<void> {
  const request = new OAuth2Server.Request({
    method: method ?? 'GET',
    headers: headers as Record<string, string>,
    query: {},
    body,
  });
  const response = new OAuth2Server.Response();
  if (work)
    await work(request, response).catch((error: unknown) => {
      refuse(response, error);
    });
  else Object.assign(response, { status: 404 });
  outgoing.writeHead(response.status ?? 500, { ...response.headers, 'content-type': 'application/json' });
  outgoing.end(JSON.stringify(response.body));
}

function refuse(response: OAuth2Server.Response, error: unknown): void {
  const { code = 500, name, message } = error as { code?: number; name: string; message: string };
  Object.assign(response, { status: code, body: { error: name, error_description: message } });
}
