import { Collection, type Journal } from './journal.js';
import type { GrantRecord, HeldPageToken, HeldToken } from './records.js';

const SPENT_TOKENS_KEPT = 8;
const ACCESS_TOKENS_KEPT = 4;
/** Of each Page. */
const PAGE_TOKENS_KEPT = 4;

/** All grants, found by id, by the digest of any of their tokens, and by who gave them to which app. */
export class GrantBook extends Collection<GrantRecord> {
  private readonly byDigest = new Map<string, GrantRecord>();
  private readonly byPerson = new Map<string, Set<GrantRecord>>();

  constructor(journal: Journal) {
    super('grant', (grant) => grant.id, journal);
  }

  holding(digest: string): GrantRecord | undefined {
    return this.byDigest.get(digest);
  }

  ofPerson(provider: string, clientId: string, persona: string): Iterable<GrantRecord> {
    return this.byPerson.get(`${provider}|${clientId}|${persona}`) ?? [];
  }

  /** Puts a new pair in; a refresh token that is replaced by it is spent. Old spent tokens are deleted, so that a record stays small. */
  renew(grant: GrantRecord, pair: { access: HeldToken; refresh?: HeldToken }, now: number): void {
    if (grant.refresh && pair.refresh && pair.refresh !== grant.refresh)
      grant.spent.push({ digest: grant.refresh.digest, spentAt: now });
    const deleted = [
      ...grant.spent.splice(0, grant.spent.length - SPENT_TOKENS_KEPT),
      ...grant.access.splice(0, grant.access.length + 1 - ACCESS_TOKENS_KEPT),
    ];
    for (const { digest } of deleted) this.byDigest.delete(digest);
    grant.access.push(pair.access);
    grant.refresh = pair.refresh ?? grant.refresh;
    this.save(grant);
  }

  /** Puts in a Page's token; the last few before it live on. */
  keepForPage(grant: GrantRecord, token: HeldPageToken): void {
    const before = grant.pageTokens ?? [];
    const ofPage = before.filter(({ page }) => page === token.page);
    const deleted = new Set(ofPage.slice(0, Math.max(0, ofPage.length + 1 - PAGE_TOKENS_KEPT)));
    for (const { digest } of deleted) this.byDigest.delete(digest);
    grant.pageTokens = [...before.filter((held) => !deleted.has(held)), token];
    this.save(grant);
  }

  dropAccess(grant: GrantRecord): void {
    for (const { digest } of grant.access.splice(0)) this.byDigest.delete(digest);
  }

  override restore(grant: GrantRecord): void {
    super.restore(grant);
    for (const { digest } of tokensOf(grant)) this.byDigest.set(digest, grant);
    const person = personOf(grant);
    this.byPerson.set(person, (this.byPerson.get(person) ?? new Set()).add(grant));
  }

  override delete(grant: GrantRecord): void {
    super.delete(grant);
    for (const { digest } of tokensOf(grant)) this.byDigest.delete(digest);
    const others = this.byPerson.get(personOf(grant));
    others?.delete(grant);
    if (others?.size === 0) this.byPerson.delete(personOf(grant));
  }
}

const personOf = (grant: GrantRecord): string => `${grant.provider}|${grant.clientId}|${grant.persona}`;

const tokensOf = (grant: GrantRecord): { digest: string }[] => [
  ...grant.access,
  ...grant.spent,
  ...(grant.pageTokens ?? []),
  ...(grant.refresh ? [grant.refresh] : []),
];
