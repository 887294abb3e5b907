import { Injectable } from '@nestjs/common';
import { digest, newBearerToken } from '#crypto';
import { codeOf } from '#observability';
import { Database, type Environment, newId, type Tx } from '#persistence';
import { providerOf, providerTitle, reach } from '#providers';
import { reauthLinkEnded, reauthLinkNotFound } from '../accounts.errors.js';
import { Addresses } from '../addresses.js';
import type { StartedAttempt } from './start-connect.js';
import { StartReauth, type StartReauthInput } from './start-reauth.js';

export interface CreateReauthLinkInput extends StartReauthInput {
  /** Seconds. */
  expiresIn: number;
}

export interface ReauthLinkRecord {
  url: string;
  expiresAt: Date;
}

/** What the page of a link shows to the person. */
export interface OpenedReauthLink {
  /** The platform's display name. */
  platform: string;
  handle: string | null;
  displayName: string | null;
  /** `https:`, or `http:` where the sandbox stands in for the platform. */
  authorizeScheme: string;
}

const INSERT = `
  insert into reauth_links (id, workspace_id, environment, account_id, token_hash, created_by, return_url, scopes, expires_at)
  values ($1, $2, $3, $4, $5, $6, $7, $8, db_now() + make_interval(secs => $9)) returning expires_at as "expiresAt"`;

interface LinkRow {
  workspaceId: string;
  environment: Environment;
  accountId: string;
  createdBy: string;
  returnUrl: string | null;
  scopes: string[] | null;
  provider: string;
  handle: string | null;
  displayName: string | null;
  hasEnded: boolean;
}

/** A link ends with its time, with its account, and with the next consent for the account, through whichever link or flow. */
const FIND = `
  select link.workspace_id as "workspaceId", link.environment, link.account_id as "accountId", link.created_by as "createdBy",
    link.return_url as "returnUrl", link.scopes, account.provider, account.handle, account.display_name as "displayName",
    link.expires_at <= db_now() or account.health = 'disconnected' or consent.consented_at > link.created_at as "hasEnded"
  from reauth_links link join accounts account on account.id = link.account_id join grants consent on consent.id = account.grant_id
  where link.token_hash = $1`;

/** Settings of the owner that were valid when the link was created. The person needs another link. */
const ENDED_BY_SETTINGS = new Set([
  'account.not_found',
  'account.leased',
  'oauth_app.missing',
  'return_url.not_allowed',
  'scopes.invalid',
]);

const TOKEN_FORM = /^[\w-]{43}$/;

/** The only module that writes `reauth_links`. A link opens a page that starts the flow of one account at each click. */
@Injectable()
export class ReauthLinks {
  constructor(
    private readonly database: Database,
    private readonly startReauth: StartReauth,
    private readonly addresses: Addresses,
  ) {}

  /** Throws what StartReauth throws. */
  async create(input: CreateReauthLinkInput): Promise<ReauthLinkRecord> {
    await this.startReauth.check(input);
    const { tenant, id, createdBy, returnUrl = null, scopes = null, expiresIn } = input;
    const token = newBearerToken().reveal();
    const { rows } = await this.database.pool.query<{ expiresAt: Date }>(INSERT, [
      newId(),
      tenant.workspaceId,
      tenant.environment,
      id,
      digest(token),
      createdBy,
      returnUrl,
      scopes,
      expiresIn,
    ]);
    if (!rows[0]) throw new Error('a reauth link was not stored');
    return { url: `${this.addresses.publicUrl}/reauth/${token}`, expiresAt: rows[0].expiresAt };
  }

  /** Throws reauth_link.not_found and reauth_link.ended. */
  async open(token: string): Promise<OpenedReauthLink> {
    const { provider, environment, handle, displayName } = await this.find(token);
    const authorizeUrl = reach(providerOf(provider).authorize.url, environment, this.addresses.sandboxUrl);
    return { platform: providerTitle(provider), handle, displayName, authorizeScheme: new URL(authorizeUrl).protocol };
  }

  /** Starts an attempt for a click. Throws reauth_link.not_found, and reauth_link.ended also where the owner's settings have changed. */
  async follow(token: string): Promise<StartedAttempt> {
    const { workspaceId, environment, accountId, createdBy, returnUrl, scopes } = await this.find(token);
    const input = { tenant: { workspaceId, environment }, createdBy, id: accountId };
    const overrides = { ...(returnUrl !== null && { returnUrl }), ...(scopes && { scopes }) };
    return this.startReauth.execute({ ...input, ...overrides }).catch((error: unknown) => {
      throw ENDED_BY_SETTINGS.has(codeOf(error) ?? '') ? reauthLinkEnded() : error;
    });
  }

  private async find(token: string): Promise<LinkRow> {
    const { rows } = await this.database.pool.query<LinkRow>(FIND, [digest(TOKEN_FORM.test(token) ? token : '')]);
    const [link] = rows;
    if (!link) throw reauthLinkNotFound();
    if (link.hasEnded) throw reauthLinkEnded();
    return link;
  }
}

const MAX_DELETED_PER_SWEEP = 5_000;

/** Deletes links a day after their end. Until then the page reports that the link has ended. */
export async function deleteEndedReauthLinks(tx: Tx): Promise<void> {
  await tx.query(`
    delete from reauth_links where id in (
      select id from reauth_links where expires_at < db_now() - interval '1 day' limit ${MAX_DELETED_PER_SWEEP})`);
}
