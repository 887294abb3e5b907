import { randomUUID } from 'node:crypto';
import { setTimeout } from 'node:timers/promises';
import {
  type DynamicModule,
  Global,
  Inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  type Provider,
} from '@nestjs/common';
import type { ApiConfig } from '#config';
import { BodyDigests, Cursors, Keyring } from '#crypto';
import { LOGGER, type Logger, type Metrics } from '#observability';
import { Database, openDatabase } from '#persistence';
import { createTokenContext, type Exchanger, KeyHolder, type TokenContext, Vault } from '#tokens';
import { AccountHealth } from './accounts/account-health.js';
import { CreateAccount } from './accounts/create-account.js';
import { DisconnectAccount } from './accounts/disconnect-account.js';
import { GetAccount } from './accounts/get-account.js';
import { ListAccountEvents } from './accounts/list-account-events.js';
import { ListAccounts } from './accounts/list-accounts.js';
import { ReadFeed } from './accounts/read-feed.js';
import { RefreshAccount } from './accounts/refresh-account.js';
import { FindApiKey } from './api-keys/find-api-key.js';
import { ListApiKeys } from './api-keys/list-api-keys.js';
import { RevokeApiKey } from './api-keys/revoke-api-key.js';
import { ExchangerCheck } from './exchanger-check.js';
import {
  noPosts,
  OAUTH_APPS_LIMIT,
  PAUSE,
  type Pause,
  type Posts,
  POSTS,
  PROCESS_NAME,
  TOKEN_CONTEXT,
  TOKEN_EXCHANGE,
} from './injection.js';
import { AssignLeases } from './leases/assign-leases.js';
import { FillPool } from './leases/fill-pool.js';
import { LeaseRequests } from './leases/lease-requests.js';
import { PoolAccounts } from './leases/pool-accounts.js';
import { ReleaseLease } from './leases/release-lease.js';
import { RemovePoolAccount } from './leases/remove-pool-account.js';
import { UpdateAccount } from './accounts/update-account.js';
import { Addresses } from './addresses.js';
import { CallPlatform } from './calls/call-platform.js';
import { ReadToken } from './calls/read-token.js';
import { UsableTokens } from './calls/usable-token.js';
import { AttemptTarget } from './connect/attempt-target.js';
import { CompleteConnect } from './connect/complete-connect.js';
import { ConfirmAttempt } from './connect/confirm-attempt.js';
import { ExchangeAttempt } from './connect/exchange-attempt.js';
import { FailAttempt } from './connect/fail-attempt.js';
import { FinishAttempt } from './connect/finish-attempt.js';
import { FinishWaiting } from './connect/finish-waiting.js';
import { RetireUnusedGrants } from './connect/retire-unused-grants.js';
import { ReadAttempt } from './connect/read-attempt.js';
import { ReadLanding } from './connect/read-landing.js';
import { SelectAccounts } from './connect/select-accounts.js';
import { StartConnect } from './connect/start-connect.js';
import { ReauthLinks } from './connect/reauth-links.js';
import { StartReauth } from './connect/start-reauth.js';
import { SweepAttempts } from './connect/sweep-attempts.js';
import { CheckOAuthApp } from './oauth-apps/check-oauth-app.js';
import { ConfirmSecret } from './oauth-apps/confirm-secret.js';
import { CreateOAuthApp } from './oauth-apps/create-oauth-app.js';
import { DeleteOAuthApp } from './oauth-apps/delete-oauth-app.js';
import { GetOAuthApp, ListOAuthApps } from './oauth-apps/list-oauth-apps.js';
import { UpdateOAuthApp } from './oauth-apps/update-oauth-app.js';
import { SweepBrokenSeals } from './operations/sweep-broken-seals.js';
import { SweepHistory } from './operations/sweep-history.js';
import { DueProbes } from './probe/due-probes.js';
import { ProbeNow } from './probe/probe-now.js';
import { AnswerChallenge } from './push/answer-challenge.js';
import { ApplyPlatformNotice } from './push/apply-platform-notice.js';
import { HandlePush } from './push/handle-push.js';
import { PushApps } from './push/push-apps.js';
import { ReadDeletion } from './push/read-deletion.js';
import { DueGrants } from './refresh/due-grants.js';
import { ListProjectAccounts } from './projects/list-project-accounts.js';
import { ProjectHealth } from './projects/project-health.js';
import { Projects } from './projects/projects.js';
import { RevokeLater } from './revoke-later.js';
import { EnsureWorkspace } from './workspaces/ensure-workspace.js';

export interface AccountsOptions {
  config: Pick<ApiConfig, 'http' | 'sandbox' | 'database' | 'masterKeys' | 'exchangerSocket' | 'limits'>;
  logger: Logger;
  /** The process: `api`, `worker`. */
  name: string;
  /** Opens the way to token endpoints: `exchangerAt` for the exchanger's process. */
  exchanger: (context: TokenContext) => Exchanger;
  metrics?: Metrics;
  /** Callers that may wait for a database connection; default: no limit. */
  mostWaiting?: number;
  /** Default: there are none. */
  posts?: Posts;
  /** The pause between identity checks while a browser waits. */
  pause?: Pause;
}

const useCases = [
  StartConnect,
  AttemptTarget,
  CompleteConnect,
  ExchangeAttempt,
  FinishAttempt,
  FailAttempt,
  ReadAttempt,
  ReadLanding,
  SelectAccounts,
  ConfirmAttempt,
  SweepAttempts,
  FinishWaiting,
  RetireUnusedGrants,
  RevokeLater,
  CreateAccount,
  ListAccounts,
  GetAccount,
  ListAccountEvents,
  ReadFeed,
  DisconnectAccount,
  RefreshAccount,
  AccountHealth,
  UpdateAccount,
  UsableTokens,
  ReadToken,
  CallPlatform,
  CheckOAuthApp,
  ConfirmSecret,
  CreateOAuthApp,
  ListOAuthApps,
  GetOAuthApp,
  UpdateOAuthApp,
  DeleteOAuthApp,
  EnsureWorkspace,
  FindApiKey,
  ListApiKeys,
  RevokeApiKey,
  DueGrants,
  SweepBrokenSeals,
  SweepHistory,
  StartReauth,
  ReauthLinks,
  DueProbes,
  ProbeNow,
  PushApps,
  ApplyPlatformNotice,
  HandlePush,
  AnswerChallenge,
  ReadDeletion,
  Projects,
  ListProjectAccounts,
  ProjectHealth,
  PoolAccounts,
  FillPool,
  LeaseRequests,
  AssignLeases,
  ReleaseLease,
  RemovePoolAccount,
];

function infrastructure(options: AccountsOptions): Provider[] {
  const { config, logger, name } = options;
  const open = (): Promise<Database> =>
    openDatabase({
      ...config.database,
      name,
      logger,
      ...(options.mostWaiting !== undefined && { mostWaiting: options.mostWaiting }),
    });
  return [
    { provide: LOGGER, useValue: logger },
    { provide: POSTS, useValue: options.posts ?? noPosts },
    { provide: PROCESS_NAME, useValue: name },
    { provide: PAUSE, useValue: options.pause ?? setTimeout },
    {
      provide: Addresses,
      useValue: new Addresses(config.http.publicUrl, config.sandbox.url, config.http.projectsErrorParameter),
    },
    { provide: OAUTH_APPS_LIMIT, useValue: config.limits.oauthApps },
    { provide: Database, useFactory: open },
    { provide: Keyring, useFactory: () => new Keyring(config.masterKeys) },
    { provide: Cursors, inject: [Keyring], useFactory: (keyring: Keyring) => new Cursors(keyring) },
    { provide: BodyDigests, inject: [Keyring], useFactory: (keyring: Keyring) => new BodyDigests(keyring) },
    { provide: Vault, inject: [TOKEN_CONTEXT], useFactory: ({ vault }: TokenContext) => vault },
    {
      provide: TOKEN_CONTEXT,
      inject: [Database, Keyring],
      useFactory: ({ pool }: Database, keyring: Keyring) =>
        createTokenContext({ pool, keyring, logger, sandboxUrl: config.sandbox.url, metrics: options.metrics }),
    },
    { provide: TOKEN_EXCHANGE, inject: [TOKEN_CONTEXT], useFactory: options.exchanger },
    ExchangerCheck,
  ];
}

/** The use cases, for every process that has the database and the keys. */
@Global()
@Module({})
export class AccountsModule implements OnModuleInit, OnApplicationShutdown {
  #keys: KeyHolder | undefined;

  constructor(
    private readonly database: Database,
    @Inject(TOKEN_EXCHANGE) private readonly exchanger: Exchanger,
    @Inject(TOKEN_CONTEXT) private readonly context: TokenContext,
    @Inject(PROCESS_NAME) private readonly name: string,
  ) {}

  static forRoot(options: AccountsOptions): DynamicModule {
    const providers = [...infrastructure(options), ...useCases];
    return { module: AccountsModule, global: true, providers, exports: providers };
  }

  /** Checks at the start whether the keys open the sealed rows, instead of at the first refresh. */
  async onModuleInit(): Promise<void> {
    this.#keys = await KeyHolder.start({ ...this.context, process: this.name, id: randomUUID() });
  }

  /** Closes the database last: running exchanges store their result in it. */
  async onApplicationShutdown(): Promise<void> {
    await this.exchanger.drain();
    await this.#keys?.stop();
    await this.database.close();
  }
}
