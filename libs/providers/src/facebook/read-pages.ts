import { z } from 'zod';
import { Secret } from '#observability';
import type { Profile, ProfilePage } from '../contract/provider.js';

/** Who may publish on a Page, by the names of the classic Pages and of the new ones. */
const PUBLISHING = ['CREATE_CONTENT', 'PROFILE_PLUS_CREATE_CONTENT'];

const text = z.string().nullish().catch(null);
const Page = z.object({
  id: z.string().min(1),
  name: text,
  username: text,
  access_token: text,
  tasks: z.array(z.string()).nullish().catch(null),
  picture: z.object({ data: z.object({ url: text }) }).nullish().catch(null),
});
type Page = z.output<typeof Page>;

const Pages = z.object({
  data: z.array(Page),
  paging: z.object({ cursors: z.object({ after: text }).nullish(), next: text }).nullish().catch(null),
});

/** One page of Pages. The last one has a cursor too: only `next` says that there is more. */
export function readPages(json: unknown): ProfilePage | undefined {
  const { data } = Pages.safeParse(json);
  if (!data) return undefined;
  const { next, cursors } = data.paging ?? {};
  return { profiles: data.data.map(toProfile), after: next ? (cursors?.after ?? null) : null };
}

const toProfile = ({ id, name, username, picture, ...rights }: Page): Profile => ({
  platformAccountId: id,
  handle: username ?? null,
  displayName: name ?? null,
  avatarUrl: picture?.data.url ?? null,
  accessToken: rights.access_token ? new Secret(rights.access_token) : null,
  ineligible: whyNot(rights),
});

/** The platform gives no token to roles that may do next to nothing. */
function whyNot({ tasks, access_token: token }: Pick<Page, 'tasks' | 'access_token'>): string | null {
  const mayPublish = !tasks || tasks.some((task) => PUBLISHING.includes(task));
  return mayPublish && token ? null : 'task_missing';
}
