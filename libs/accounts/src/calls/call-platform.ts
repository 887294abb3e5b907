import type { Readable } from 'node:stream';
import { Inject, Injectable } from '@nestjs/common';
import { seconds } from '#config';
import { codeOf } from '#observability';
import { Database, type Tenant } from '#persistence';
import { type Method, providerOf } from '#providers';
import { type ApiAnswer, authorizedCall, type TokenContext } from '#tokens';
import { accountNotFound, noPlatformAnswer } from '../accounts.errors.js';
import { TOKEN_CONTEXT } from '../injection.js';
import { checkApiTarget, checkProviderCall } from '../policies/api-target.js';
import { UsableTokens } from './usable-token.js';

/** Bytes of a body, in either direction. */
export const MAX_CALL_BYTES = 100 * 1024 * 1024;
/** A call is over after a minute, its refresh included. */
const REFRESH_MAX_WAIT = seconds(30);
const MIN_TTL_SECONDS = 60;

export interface CallPlatformInput {
  tenant: Tenant;
  id: string;
  method: Method;
  /** Path and query below the provider's API, as the client sent them. */
  target: string;
  headers: Readonly<Record<string, string>>;
  body?: Readable | undefined;
  signal: AbortSignal;
}

/** Makes one call of the platform's API on an account's behalf, with its token, which the caller never sees. */
@Injectable()
export class CallPlatform {
  constructor(
    private readonly database: Database,
    private readonly usableTokens: UsableTokens,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
  ) {}

  /** Throws proxy.path_not_allowed, what UsableTokens throws, body.too_large, and provider.unavailable. */
  async execute({ tenant, id, target, body, ...request }: CallPlatformInput): Promise<ApiAnswer> {
    checkApiTarget(target);
    checkProviderCall(providerOf(await this.providerOfAccount(tenant, id)), request.method, target);
    const token = await this.usableTokens.open({ tenant, id, minTtl: MIN_TTL_SECONDS, maxWait: REFRESH_MAX_WAIT });
    try {
      const streamed = body && { bytes: body, maxBytes: MAX_CALL_BYTES };
      return await authorizedCall(this.context, token, { ...request, target, body: streamed });
    } catch (error) {
      if (codeOf(error) === 'body.too_large') throw error;
      throw noPlatformAnswer(error);
    }
  }

  private async providerOfAccount({ workspaceId, environment }: Tenant, id: string): Promise<string> {
    const { rows } = await this.database.pool.query<{ provider: string }>(
      `select provider from accounts
       where workspace_id = $1 and environment = $2 and id = $3 and health <> 'disconnected'`,
      [workspaceId, environment, id],
    );
    if (!rows[0]) throw accountNotFound();
    return rows[0].provider;
  }
}
