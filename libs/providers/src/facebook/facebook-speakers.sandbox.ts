import {
  bearerOf,
  type GrantRecord,
  heldAccess,
  heldPageToken,
  type HeldToken,
  holderOf,
  type Platform,
  Refusal,
  type SandboxRequest,
} from '../sandbox/index.js';
import { managedPage, type Page } from './facebook-pages.sandbox.js';

/** The owner of a token: a person or, with `page`, one of the person's Pages. */
export interface Speaker {
  readonly grant: GrantRecord;
  readonly held: HeldToken;
  readonly page?: Page;
}

/** In the header or in the query. */
export const tokenOf = ({ authorization, query }: SandboxRequest): string =>
  query.access_token ?? bearerOf(authorization);

/** Refuses a token that ended, with the reason; a Page's token ends with its person's role. */
export function speakerOf(platform: Platform, token: string): Speaker {
  const ofPage = heldPageToken(platform, token);
  if (!ofPage) {
    const grant = holderOf(platform, token);
    return { grant, held: heldAccess(grant, token) ?? { digest: '', expiresAt: 0 } };
  }
  const page = managedPage(platform, ofPage.grant, ofPage.held.page);
  if (!page) throw new Refusal('lost_role');
  return { ...ofPage, page };
}

/** The person whose token it is; a Page does not have that field. */
export function personBehind(platform: Platform, token: string, field: string): GrantRecord {
  const { grant, page } = speakerOf(platform, token);
  if (page) throw new Refusal('invalid_parameter', field);
  return grant;
}
