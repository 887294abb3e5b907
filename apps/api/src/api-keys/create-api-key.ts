import { Inject, Injectable } from '@nestjs/common';
import type { ApiConfig } from '#config';
import { digest, newApiKey, shownPrefix } from '#crypto';
import { CodedError, type Secret } from '#observability';
import { ApiKey, Database, type Environment, newId, type RateLimits, type Tx } from '#persistence';
import { API_CONFIG } from '../api-config.js';
import type { Caller } from '../http/caller.js';
import { DEFAULT_SCOPES, type Scope } from '../http/scope.js';
import { invalid } from '../http/validation.js';
import type { ApiKeyRecord } from './api-key-record.js';

export interface NewApiKey {
  /** By whom: a key is never more than its maker. */
  caller: Pick<Caller, 'tenant' | 'kind' | 'scopes' | 'keyId'>;
  name: string;
  environment?: Environment | undefined;
  scopes?: Scope[] | undefined;
  returnHosts: string[];
  rateLimits?: RateLimits | undefined;
  expiresAt?: Date | undefined;
  /** What else belongs into the transaction that stores the key. */
  alongside?: (tx: Tx) => Promise<void>;
}

/** Makes a key. The key itself is in the answer and nowhere else: what is stored cannot be turned back into it. */
@Injectable()
export class CreateApiKey {
  constructor(
    private readonly database: Database,
    @Inject(API_CONFIG) private readonly config: Pick<ApiConfig, 'callers'>,
  ) {}

  async execute(input: NewApiKey): Promise<{ record: ApiKeyRecord; key: Secret }> {
    const { caller, name } = input;
    const environment = allowedEnvironment(input);
    const scopes = allowedScopes(input);
    if (input.rateLimits && caller.kind === 'key')
      throw notAllowed('rate_limits', 'can be set with a dashboard token only');
    const key = newApiKey(this.config.callers.apiKeyPrefix, environment);
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
      await manager.insert(ApiKey, { ...row, ...(await bounds(tx, input)) });
      await input.alongside?.(tx);
      return manager.findOneByOrFail(ApiKey, { id });
    });
    return { record, key };
  }
}

/** Held until the end of the transaction: a revocation in this workspace waits for it, or is seen by `FIND_MAKER`. */
const HOLD_OFF_REVOCATIONS = 'select db_now() as now from workspaces where id = $1 for share';

const FIND_MAKER = `
  select return_hosts as "returnHosts", rate_limits as "rateLimits", expires_at as "expiresAt" from api_keys
   where id = $1 and revoked_at is null and (expires_at is null or expires_at > db_now())`;

type Bounds = Pick<ApiKey, 'createdBy' | 'returnHosts' | 'rateLimits' | 'expiresAt'>;
type Maker = Omit<Bounds, 'createdBy'>;

/** What bounds the new key: a dashboard token gives what was asked for, a key what it has itself. */
async function bounds(tx: Tx, input: NewApiKey): Promise<Bounds> {
  const { caller, returnHosts } = input;
  const rateLimits = input.rateLimits ?? null;
  const expiresAt = input.expiresAt ?? null;
  const {
    rows: [workspace],
  } = await tx.query<{ now: Date }>(HOLD_OFF_REVOCATIONS, [caller.tenant.workspaceId]);
  if (expiresAt && workspace && expiresAt <= workspace.now)
    throw invalid([{ field: 'expires_at', message: 'must be in the future' }]);
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
    throw invalid([
      { field: `return_hosts.${foreign}`, message: 'is not among the return_hosts of the key that makes this one' },
    ]);
  if (expiresAt && maker.expiresAt && expiresAt > maker.expiresAt) {
    throw invalid([{ field: 'expires_at', message: 'must not be later than that of the key that makes this one' }]);
  }
}

function allowedEnvironment({ caller, environment = caller.tenant.environment }: NewApiKey): Environment {
  if (caller.kind === 'key' && environment !== caller.tenant.environment) {
    throw notAllowed('environment', `must be ${caller.tenant.environment}, as of the key that makes this one`);
  }
  return environment;
}

function allowedScopes({ caller, scopes }: NewApiKey): Scope[] {
  if (!scopes) return DEFAULT_SCOPES.filter((scope) => caller.scopes.includes(scope));
  const missing = scopes.filter((scope) => !caller.scopes.includes(scope));
  if (missing.length === 0) return scopes;
  throw new CodedError('scope.missing', `The credential lacks these scopes itself: ${missing.join(', ')}.`);
}

const notAllowed = (field: string, message: string): CodedError =>
  new CodedError('credential.not_allowed', `${field} ${message}.`, { fields: [{ field, message }] });
