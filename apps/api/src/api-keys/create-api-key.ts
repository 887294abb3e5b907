import { Inject, Injectable } from '@nestjs/common';
import type { ApiConfig } from '#config';
import { digest, newApiKey, shownPrefix } from '#crypto';
import { CodedError, type Secret } from '#observability';
import { ApiKey, Database, type Environment, newId, type RateLimits, type Tx } from '#persistence';
import { API_CONFIG } from '../api-config.js';
import type { Caller } from '../http/caller.js';
import { DEFAULT_SCOPES, type Scope } from '../http/scope.js';
import type { ApiKeyRecord } from './api-key-record.js';

export interface NewApiKey {
  /** By whom: a key is never more than its maker. */
  caller: Pick<Caller, 'tenant' | 'kind' | 'scopes'>;
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
    const { caller, name, returnHosts, rateLimits = null, expiresAt = null } = input;
    const environment = allowedEnvironment(input);
    const scopes = allowedScopes(input);
    if (rateLimits && caller.kind === 'key') throw notAllowed('Only a dashboard token may set rate_limits.');
    const key = newApiKey(this.config.callers.apiKeyPrefix, environment);
    const id = newId();
    const { workspaceId } = caller.tenant;
    const row = { id, workspaceId, environment, name, scopes, returnHosts, rateLimits, expiresAt };
    const record = await this.database.dataSource.transaction(async (manager) => {
      await manager.insert(ApiKey, { ...row, keyPrefix: shownPrefix(key), keyHash: digest(key.reveal()) });
      await input.alongside?.((await manager.queryRunner?.connect()) as Tx);
      return manager.findOneByOrFail(ApiKey, { id });
    });
    return { record, key };
  }
}

function allowedEnvironment({ caller, environment = caller.tenant.environment }: NewApiKey): Environment {
  if (caller.kind === 'key' && environment !== caller.tenant.environment) {
    throw notAllowed(`A key of ${caller.tenant.environment} makes keys of ${caller.tenant.environment} only.`);
  }
  return environment;
}

function allowedScopes({ caller, scopes }: NewApiKey): Scope[] {
  if (!scopes) return DEFAULT_SCOPES.filter((scope) => caller.scopes.includes(scope));
  const missing = scopes.filter((scope) => !caller.scopes.includes(scope));
  if (missing.length === 0) return scopes;
  throw new CodedError('scope.missing', `Nobody can give a scope that he lacks: ${missing.join(', ')}.`);
}

const notAllowed = (sentence: string): CodedError => new CodedError('credential.not_allowed', sentence);
