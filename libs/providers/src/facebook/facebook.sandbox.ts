import { minutes } from '#config';
import { graphSandboxPush } from '../graph-api/graph-push.sandbox.js';
import {
  defineSandbox,
  type Endpoint,
  type GrantRecord,
  need,
  noRefreshTokens,
  personaOf,
  type Parameters,
  type Platform,
  randomText,
  readScopes,
  Refusal,
  type SandboxAnswer,
  type SandboxRequest,
} from '../sandbox/index.js';
import { accounts } from './facebook-accounts.sandbox.js';
import { pagesOf } from './facebook-pages.sandbox.js';
import { facebookSandboxPublishing } from './facebook-publish.sandbox.js';
import { refuse, refuseInspection } from './facebook-refusals.sandbox.js';
import { personBehind, type Speaker, speakerOf, tokenOf } from './facebook-speakers.sandbox.js';
import { appScopedId, giveToken, inspect, NO_EXPIRES_IN } from './facebook-tokens.sandbox.js';
import { DIALOG, graph } from './graph-urls.js';

/** Of developers.facebook.com/docs/permissions, read 2026-11-22, those that are about a person or the person's Pages. */
const scopes = {
  public_profile: 'See your name and picture',
  email: 'See your email address',
  business_management: 'Manage your business portfolios',
  pages_show_list: 'See the Pages that you manage',
  pages_read_engagement: 'Read what is on your Pages',
  pages_manage_posts: 'Publish on your Pages',
  pages_manage_metadata: 'Change the settings of your Pages',
  pages_read_user_content: 'Read what others write on your Pages',
  pages_manage_engagement: 'Answer on your Pages',
  read_insights: 'See the figures of your Pages',
};

const LOOPBACK = /^(localhost|127\.0\.0\.1|\[::1\])$/;

/** https, or this machine; the fragment is the platform's own to add. */
function readRedirectUri(query: Parameters): string {
  const text = need(query, 'redirect_uri');
  const uri = URL.canParse(text) ? new URL(text) : undefined;
  const safe = uri && (uri.protocol === 'https:' || (uri.protocol === 'http:' && LOOPBACK.test(uri.hostname)));
  if (!safe || text.includes('#')) throw new Refusal('invalid_parameter', 'redirect_uri');
  return text;
}

const permissions = ({ scopes: granted, declined = [] }: GrantRecord): object => ({
  data: [
    ...[...new Set(['public_profile', ...granted])].map((permission) => ({ permission, status: 'granted' })),
    ...declined.map((permission) => ({ permission, status: 'declined' })),
  ],
});

type Field = (speaker: Speaker, platform: Platform) => unknown;
const fields: Readonly<Record<string, Field>> = {
  id: ({ grant, page }) => page?.id ?? appScopedId(grant.clientId, personaOf(grant)),
  name: ({ grant, page }) => page?.name ?? personaOf(grant).displayName,
  picture: ({ grant }, platform) => ({
    data: { height: 50, is_silhouette: false, url: platform.avatarUrl(personaOf(grant)), width: 50 },
  }),
  permissions: ({ grant, page }) => {
    if (page) throw new Refusal('invalid_parameter', 'permissions');
    return permissions(grant);
  },
};

/** The person, or the Page where it is a Page's token; `id` is there whether requested or not. */
function me(request: SandboxRequest, platform: Platform): SandboxAnswer {
  const speaker = speakerOf(platform, tokenOf(request));
  const names = (request.query.fields ?? 'name').split(',');
  const unknown = names.find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw new Refusal('invalid_parameter', unknown);
  return {
    status: 200,
    body: Object.fromEntries([...names, 'id'].map((name) => [name, fields[name]?.(speaker, platform)])),
  };
}

const readPermissions: Endpoint['handle'] = (request, platform) => ({
  status: 200,
  body: permissions(personBehind(platform, tokenOf(request), 'permissions')),
});

/** Removes the app from the person: ends every token of the person and of the person's Pages for it. */
function removeApp(request: SandboxRequest, platform: Platform): SandboxAnswer {
  const { provider, persona, clientId } = personBehind(platform, tokenOf(request), 'permissions');
  platform.state.endGrantsOf({ provider, persona, clientId });
  return { status: 200, body: { success: true } };
}

const TOKEN = graph('/oauth/access_token');
const endpoints: readonly Endpoint[] = [
  { endpoint: 'token', method: 'POST', url: TOKEN, handle: giveToken, refuse },
  { endpoint: 'token', method: 'GET', url: TOKEN, handle: giveToken, refuse },
  { endpoint: 'identity', method: 'GET', url: graph('/me'), handle: me, refuse },
  { endpoint: 'identity', method: 'GET', url: graph('/me/permissions'), handle: readPermissions, refuse },
  { endpoint: 'revoke', method: 'DELETE', url: graph('/me/permissions'), handle: removeApp, refuse },
  { endpoint: 'profiles', method: 'GET', url: graph('/me/accounts'), handle: accounts, refuse },
  { endpoint: 'probe', method: 'GET', url: graph('/debug_token'), handle: inspect, refuse: refuseInspection },
];

/** Facebook Login and its Pages, as Meta's documentation of November 2026 and public bug reports describe them. */
export const facebookSandbox = defineSandbox({
  name: 'facebook',
  title: 'Facebook',
  scopes,
  impossiblePersonas: { 'no-refresh-token': 'Facebook issues none' },
  quirks: { [NO_EXPIRES_IN]: 'No token answer states how long its token is valid.' },
  pages: pagesOf,
  tokens: {
    ...noRefreshTokens,
    codeLife: minutes(10),
    accessLife: minutes(2),
    oneGrantPerPerson: false,
    newAccessToken: () => `EAA${randomText(120).replace(/[-_]/g, 'Z')}`,
  },
  authorize: {
    url: DIALOG,
    read(query) {
      if ((query.response_type ?? 'code') !== 'code') throw new Refusal('invalid_parameter', 'response_type');
      return {
        clientId: need(query, 'client_id'),
        redirectUri: readRedirectUri(query),
        scopes: readScopes(need(query, 'scope').replaceAll(' ', ','), ',', scopes),
        ...(query.state && { state: query.state }),
      };
    },
    approved: (code) => ({ code }),
    denied: () => ({
      error: 'access_denied',
      error_code: '200',
      error_description: 'Permissions error',
      error_reason: 'user_denied',
    }),
    fragment: '_=_',
    newCode: () => `AQ${randomText(150)}`,
  },
  endpoints,
  push: graphSandboxPush(appScopedId),
  publishing: facebookSandboxPublishing,
});
