import { z } from 'zod';
import { Secret } from '#observability';
import type { PlatformAnswer } from '../contract/http.js';
import type { Profile, ProfilePage } from '../contract/provider.js';
import { refusesApp } from '../graph-api/app-sentences.js';
import { decodeAnswer } from '../oauth/decode-answer.js';
import { entryIdField, textField as text } from '../oauth/platform-values.js';
import { graph } from './graph-urls.js';

/** The tasks with which a person may publish on a Page, by the names of classic Pages and of new ones. */
const PUBLISHING = ['CREATE_CONTENT', 'PROFILE_PLUS_CREATE_CONTENT'];

/** An entry that is no object is one without an id. */
const Page = z.preprocess(
  (entry): object => ({ ...(Object(entry) as object) }),
  z.object({
    id: entryIdField,
    name: text,
    username: text,
    access_token: text,
    tasks: z.array(z.string()).nullish().catch(null),
    picture: z
      .object({ data: z.object({ url: text }) })
      .nullish()
      .catch(null),
  }),
);
type Page = z.output<typeof Page>;

const Pages = z.object({
  data: z.array(Page),
  paging: z
    .object({ cursors: z.object({ after: text }).nullish().catch(null), next: z.unknown().optional() })
    .nullish()
    .catch({ next: 'unreadable' }),
});

/**
 * One page of Pages. The last one has a cursor too: only `next` shows that there is more. A `next` without cursors is followed by
 * its address.
 */
export function readPages(json: unknown): ProfilePage | undefined {
  const { data } = Pages.safeParse(json);
  if (!data) return undefined;
  const profiles = data.data.map(toProfile);
  const { next, cursors } = data.paging ?? {};
  if (!next) return { profiles, after: null };
  const after = cursors?.after ?? (isOnGraph(next) ? next : null);
  return { profiles, after, ...(after === null && { cutOff: true as const }) };
}

/** An address that leads to another host is not followed: the person's token goes with the request. */
const isOnGraph = (address: unknown): address is string =>
  typeof address === 'string' && URL.canParse(address) && new URL(address).origin === new URL(graph('/')).origin;

const FIELDS = 'id,name,username,access_token,category,tasks,picture.type(large)';

/** The query for the Pages after a cursor or at an address of `next`; the token that such an address repeats stays out of it. */
export function pagesQuery(after: string | null, size: number): string {
  const query = new URLSearchParams(after === null ? '' : nextQuery(after));
  query.delete('access_token');
  query.set('fields', FIELDS);
  query.set('limit', String(size));
  return query.toString();
}

const nextQuery = (after: string): string | { after: string } => (isOnGraph(after) ? new URL(after).search : { after });

/**
 * The sentence comes with status 500 under code 1 (developers.facebook.com/docs/graph-api/guides/error-handling). The same
 * requests were also refused as `An unknown error occurred` under code 1 (github.com/snarfed/bridgy/issues/664, 2016-04-29),
 * and code 18 is a limit of resources: fewer at a time cost two more requests where the platform really fails.
 */
export function isTooMuch(answer: PlatformAnswer): boolean {
  const { json } = decodeAnswer(answer);
  if (refusesApp(json)) return false;
  const { data } = Refusal.safeParse(json);
  return data !== undefined && (TOO_MUCH_CODES.includes(data.error.code) || TOO_MUCH.test(data.error.message));
}

const Refusal = z.object({ error: z.object({ code: z.number().catch(0), message: z.string().catch('') }) });
const TOO_MUCH_CODES = [1, 18];
const TOO_MUCH =
  /\breduce the (amount|number)\b|\btoo (much data|many (results|items|rows))\b|\b(requests?|responses?|results?|data)\b.*\btoo large\b|\b(reduce|lower|decrease|use a smaller) (the |your )?(limit|page size)\b|\blimit\b.*\bshould not exceed\b/i;

const toProfile = ({ id, name, username, picture, ...rights }: Page): Profile => ({
  platformAccountId: id,
  handle: username,
  displayName: name,
  avatarUrl: picture?.data.url ?? null,
  accessToken: rights.access_token ? new Secret(rights.access_token) : null,
  ineligible: whyNot(rights),
});

/** The platform gives no token to roles that may do next to nothing. */
function whyNot({ tasks, access_token: token }: Pick<Page, 'tasks' | 'access_token'>): string | null {
  const mayPublish = !tasks || tasks.some((task) => PUBLISHING.includes(task));
  return mayPublish && token ? null : 'task_missing';
}
