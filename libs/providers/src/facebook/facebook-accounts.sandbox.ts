import {
  type GrantRecord,
  heldAccess,
  type HeldToken,
  issuePageToken,
  need,
  type Parameters,
  type Persona,
  personaOf,
  type Platform,
  Refusal,
  type SandboxAnswer,
  type SandboxRequest,
} from '../sandbox/index.js';
import { managedPage, type Page, pagesOf } from './facebook-pages.sandbox.js';
import { personBehind, tokenOf } from './facebook-speakers.sandbox.js';
import { graph } from './graph-urls.js';

/** The Pages of a person as the app sees them. A business portfolio's are shown to those who may manage businesses. */
function listed(platform: Platform, grant: GrantRecord): Page[] {
  if (!grant.scopes.includes('pages_show_list')) return [];
  return pagesOf(personaOf(grant)).filter(({ id, traits }) => {
    const shown = !traits.inPortfolio || grant.scopes.includes('business_management');
    return shown && (grant.opened?.includes(id) ?? true) && managedPage(platform, grant, id) !== undefined;
  });
}

/** Fewer than any client requests: the platform gives less than the limit as it pleases, so all must be ready for more pages. */
const PAGES_AT_ONCE = 2;

const ALL_TASKS = ['ADVERTISE', 'ANALYZE', 'CREATE_CONTENT', 'MESSAGING', 'MODERATE', 'MANAGE'];
const FEW_TASKS = ['ADVERTISE', 'ANALYZE'];
const DEFAULT_FIELDS = 'access_token,category,name,id,tasks';

/** The data from which the fields of a Page are built. */
interface PageData {
  readonly page: Page;
  readonly persona: Persona;
  readonly platform: Platform;
  readonly issue: (page: Page) => string;
}

/** A Page without a username has no such key. */
const fields: Readonly<Record<string, (data: PageData) => unknown>> = {
  id: ({ page }) => page.id,
  name: ({ page }) => page.name,
  username: ({ page, persona }) => (page.traits.noHandle ? undefined : `${persona.handle}.page${page.number}`),
  access_token: ({ page, issue }) => issue(page),
  category: () => 'Local business',
  tasks: ({ page }) => (page.traits.mayNotPublish ? FEW_TASKS : ALL_TASKS),
  picture: ({ persona, platform }) => ({
    data: { height: 200, is_silhouette: false, url: platform.avatarUrl(persona), width: 200 },
  }),
};

/** `GET /me/accounts`, page by page. The last page has cursors too, and no `next`. */
export function accounts(request: SandboxRequest, platform: Platform): SandboxAnswer {
  const token = tokenOf(request);
  const grant = personBehind(platform, token, 'accounts');
  const names = readFields(request.query);
  const pages = listed(platform, grant);
  const start =
    request.query.after === undefined
      ? 0
      : pages.findIndex(({ id }) => id === fromCursor(need(request.query, 'after'))) + 1;
  const shown = pages.slice(start, start + PAGES_AT_ONCE);
  const held = heldAccess(grant, token);
  const data = shown.map((page) =>
    selectFields(names, { page, persona: personaOf(grant), platform, issue: issuer(platform, grant, held) }),
  );
  return { status: 200, body: { data, ...paging(shown, start + PAGES_AT_ONCE < pages.length) } };
}

const issuer =
  (platform: Platform, grant: GrantRecord, held: HeldToken | undefined) =>
  ({ id }: Page): string => {
    if (!held) throw new Refusal('unknown_token');
    return issuePageToken(platform, grant, id, held);
  };

const selectFields = (names: string[], data: PageData): object =>
  Object.fromEntries([...names, 'id'].map((name) => [name, fields[name]?.(data)]));

/** `picture.type(large)` requests `picture`. */
function readFields({ fields: text = DEFAULT_FIELDS }: Parameters): string[] {
  const names = text.split(',').map((field) => field.split('.')[0] ?? '');
  const unknown = names.find((name) => !Object.hasOwn(fields, name));
  if (unknown !== undefined) throw new Refusal('invalid_parameter', unknown);
  return names;
}

const toCursor = (id: string): string => Buffer.from(id).toString('base64url');
const fromCursor = (cursor: string): string => Buffer.from(cursor, 'base64url').toString();

function paging(shown: Page[], more: boolean): object {
  const [first, last] = [shown[0], shown.at(-1)];
  if (!first || !last) return {};
  const after = toCursor(last.id);
  return {
    paging: {
      cursors: { before: toCursor(first.id), after },
      ...(more && { next: graph(`/me/accounts?after=${after}`) }),
    },
  };
}
