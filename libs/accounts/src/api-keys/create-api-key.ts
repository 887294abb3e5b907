import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { digest, newApiKey, shownPrefix } from '#crypto';
import { CodedError, type Secret } from '#observability';
import { ApiKey, Database, type Environment, newId, type RateLimits, type Tenant, type Tx } from '#persistence';
import { invalidField } from '../accounts.errors.js';
import { API_KEY_PREFIX } from '../injection.js';
import { text } from '../policies/text.js';
import { API_SCOPES, type ApiScope, DEFAULT_SCOPES } from './api-scopes.js';

/** More than there are: a scope may be named twice. */
const MAX_SCOPES = 64;

/** What a caller writes about a new key, over HTTP or at the command line. */
export const apiKeyFields = {
  name: text(80),
  environment: z.enum(['live', 'test'], { error: 'must be live or test' }),
  scopes: z
    .array(z.enum(API_SCOPES, { error: `must be one of ${API_SCOPES.join(', ')}` }))
    .min(1, 'must have at least one entry')
    .max(MAX_SCOPES, `must have at most ${MAX_SCOPES} entries`)
    .transform((scopes) => [...new Set(scopes)]),
};

/** A stored key without its hash, which does not leave this library. */
export type ApiKeyRecord = Omit<ApiKey, 'keyHash'>;

/** The credential that makes a key: an API key, a dashboard token, or the operator of the installation by its command line. */
export interface ApiKeyMaker {
  tenant: Tenant;
  kind: 'key' | 'jwt' | 'operator';
  scopes: readonly ApiScope[];
  /** The id of the key that makes this one; undefined for the other kinds. */
  keyId?: string;
}

export interface NewApiKey {
  /** A key never has more rights than its maker. */
  caller: ApiKeyMaker;
  name: string;
  environment?: Environment | undefined;
  scopes?: ApiScope[] | undefined;
  returnHosts: string[];
  rateLimits?: RateLimits | undefined;
  expiresAt?: Date | undefined;
  /** Statements that must commit together with the key. */
  alongside?: (tx: Tx) => Promise<void>;
}

/** Makes a key. Only the result contains the key itself: the database stores its SHA-256. */
@Injectable()
export class CreateApiKey {
  constructor(
    private readonly database: Database,
    @Inject(API_KEY_PREFIX) private readonly prefix: string,
  ) {}

  /** Throws credential.not_allowed, credential.invalid, scope.missing and validation.failed. */
  async execute(input: NewApiKey): Promise<{ record: ApiKeyRecord; key: Secret }> {
    const { caller, name } = input;
    const environment = chooseEnvironment(input);
    const scopes = chooseScopes(input);
    if (input.rateLimits && caller.kind === 'key')
      throw notAllowed('rate_limits', 'can be set with a dashboard token only');
    const key = newApiKey(this.prefix, environment);
    const id = newId();
    const { workspaceId } = caller.tenant;
    const row = {
      id,
      workspaceId,
      environment,
      name,
      scopes,
      keyPrefix: shownPrefix(key),
      keyHash: digest(key.reveal()),
    };
    const record = await this.database.dataSource.transaction(async (manager) => {
      const tx = (await manager.queryRunner?.connect()) as Tx;
      await manager.insert(ApiKey, { ...row, ...(await readBounds(tx, input)) });
      await input.alongside?.(tx);
      return manager.findOneByOrFail(ApiKey, { id });
    });
    return { record, key };
  }
}

/** Locks until the end of the transaction: a revocation in this workspace waits, or has committed before `FIND_MAKER`. */
const LOCK_OUT_REVOCATIONS = 'select db_now() as now from workspaces where id = $1 for share';

const FIND_MAKER = `
  select return_hosts as "returnHosts", rate_limits as "rateLimits", expires_at as "expiresAt" from api_keys
   where id = $1 and revoked_at is null and (expires_at is null or expires_at > db_now())`;

type Bounds = Pick<ApiKey, 'createdBy' | 'returnHosts' | 'rateLimits' | 'expiresAt'>;
type Maker = Omit<Bounds, 'createdBy'>;

/** The limits of the new key: as requested, and within those of the maker if that is a key. */
async function readBounds(tx: Tx, input: NewApiKey): Promise<Bounds> {
  const { caller, returnHosts } = input;
  const rateLimits = input.rateLimits ?? null;
  const expiresAt = input.expiresAt ?? null;
  const {
    rows: [workspace],
  } = await tx.query<{ now: Date }>(LOCK_OUT_REVOCATIONS, [caller.tenant.workspaceId]);
  if (expiresAt && workspace && expiresAt <= workspace.now) throw invalidField('expires_at', 'must be in the future');
  if (caller.keyId === undefined) return { createdBy: null, returnHosts, rateLimits, expiresAt };
  const maker = await findMaker(tx, caller.keyId);
  checkBounds({ returnHosts, expiresAt }, maker);
  return {
    createdBy: caller.keyId,
    returnHosts,
    rateLimits: maker.rateLimits,
    expiresAt: expiresAt ?? maker.expiresAt,
  };
}

async function findMaker(tx: Tx, id: string): Promise<Maker> {
  const {
    rows: [maker],
  } = await tx.query<Maker>(FIND_MAKER, [id]);
  if (!maker) throw new CodedError('credential.invalid', 'The API key was revoked or has expired.');
  return maker;
}

function checkBounds({ returnHosts, expiresAt }: Pick<Maker, 'returnHosts' | 'expiresAt'>, maker: Maker): void {
  const foreign = returnHosts.findIndex((host) => !maker.returnHosts.includes(host));
  if (foreign >= 0)
    throw invalidField(`return_hosts.${foreign}`, 'is not among the return_hosts of the key that makes this one');
  if (expiresAt && maker.expiresAt && expiresAt > maker.expiresAt) {
    throw invalidField('expires_at', 'must not be later than that of the key that makes this one');
  }
}

function chooseEnvironment({ caller, environment = caller.tenant.environment }: NewApiKey): Environment {
  if (caller.kind === 'key' && environment !== caller.tenant.environment) {
    throw notAllowed('environment', `must be ${caller.tenant.environment}, as of the key that makes this one`);
  }
  return environment;
}

function chooseScopes({ caller, scopes }: NewApiKey): ApiScope[] {
  if (!scopes) return DEFAULT_SCOPES.filter((scope) => caller.scopes.includes(scope));
  const missing = scopes.filter((scope) => !caller.scopes.includes(scope));
  if (missing.length === 0) return scopes;
  throw new CodedError('scope.missing', `The credential lacks these scopes itself: ${missing.join(', ')}.`);
}

const notAllowed = (field: string, message: string): CodedError =>
  new CodedError('credential.not_allowed', `${field} ${message}.`, { fields: [{ field, message }] });
