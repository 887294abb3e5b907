import { describeProvider } from './describe-provider.mjs';
import { pushUrls } from './push-urls.mjs';
import { code, codes, lifeInWords, REFRESH_MODES, table } from './words.mjs';

/** @typedef {import('#providers').Provider} Provider */

/** @param {unknown} what */
const yes = (what) => (what ? 'yes' : 'no');
const MILLISECONDS = 1_000;
/** @param {Provider['probe']} probe */
const everyInWords = ({ every, oncePerUtcDay }) =>
  oncePerUtcDay ? 'at most once a UTC day' : `every ${lifeInWords(every / MILLISECONDS).replace(/^1 /, '')}`;

/**
 * docs/providers.md: every platform of the registry, as its definition describes it.
 * @param {Provider[]} providers
 */
export function providersPage(providers) {
  return `# Providers

Generated from the registry by \`npm run docs\`; a test compares. What a platform does is written in its definition,
\`libs/providers/src/<name>/<name>.provider.ts\`, and nowhere else. How to set up an app there: [setup](setup/README.md).

${table(
  ['name', 'platform', 'refresh', 'access token', 'probe', 'revoke', 'several accounts per consent'],
  providers.map((provider) => [
    `[${code(provider.name)}](#${anchorOf(provider.title)})`,
    provider.title,
    code(provider.refresh.mode),
    lifeInWords(provider.token.defaultLife),
    everyInWords(provider.probe),
    yes(provider.revoke),
    yes(provider.profiles),
  ]),
)}

An access token's lifetime is the one in the platform's answer; the one above counts where an answer has none.

${table(
  ['refresh mode', 'meaning'],
  Object.entries(REFRESH_MODES).map(([mode, meaning]) => [code(mode), meaning]),
)}

A grant is treated as rotating from the first answer that brings another refresh token, whatever its platform documents.

${providers.map(section).join('\n')}`;
}

/**
 * The anchor that GitHub makes of a heading.
 * @param {string} heading
 */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

/** @param {Provider} provider */
function section(provider) {
  const { name, title, quirks = [], sources } = provider;
  return `## ${title}

${table(['', ''], rowsOf(provider))}

${quirks.length > 0 ? `${quirks.map((quirk) => `* ${quirk}`).join('\n')}\n\n` : ''}[Set up your app](setup/${name}.md). Read on ${sources.checkedAt}:

${sources.urls.map((url) => `* <${url}>`).join('\n')}
`;
}

/** @param {Provider['api']} api */
const callsGoTo = (api) => (api ? code(api.url) : 'nowhere: no API is known');

/** @param {Provider['ids']} ids */
const idsInWords = (ids) => (ids === 'digits' ? 'digits only: an answer with another id names no account' : 'any text');

/** @param {Provider} provider */
function rowsOf(provider) {
  const { authorize, scopes, token, refresh, api, probe, profiles, ids } = provider;
  const does = describeProvider(provider);
  const optional = scopes.default.filter((scope) => !scopes.required.includes(scope));
  return [
    ['authorize', code(authorize.url)],
    ['PKCE', does.pkce],
    [
      'requested scopes',
      `${codes(scopes.default)}, separated by ${authorize.scopeSeparator === ',' ? 'commas' : 'spaces'}`,
    ],
    ['of these not required', optional.length > 0 ? codes(optional) : 'none: each is required'],
    ['token', code(does.token)],
    ['the app proves itself by', does.authentication],
    ...(does.longLived ? [['then a long-lived token', code(does.longLived)]] : []),
    [
      'refresh',
      `${code(refresh.mode)}: ${REFRESH_MODES[refresh.mode]}${does.refresh ? `; ${code(does.refresh)}` : ''}`,
    ],
    ['access token is valid for', `${lifeInWords(token.defaultLife)}, where the answer does not state it`],
    ...(refresh.endsForGood
      ? [['refresh token is valid', 'from the consent on; no refresh moves its end, then the person must come back']]
      : []),
    ['identity', code(does.identity)],
    ['ids of accounts', idsInWords(ids)],
    ['probe', `${everyInWords(probe)}; ${code(does.probe)}`],
    ['calls of clients go to', callsGoTo(api)],
    ['revoke', does.revoke ? code(does.revoke) : 'no: the platform has no such call, so tokens are only deleted here'],
    ['several accounts per consent', yes(profiles)],
    [
      'the platform calls',
      pushUrls(provider).map(code).join(', ') || 'no URL: a revocation shows at the next refresh or probe',
    ],
  ];
}
