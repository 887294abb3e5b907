import { Inject, Injectable } from '@nestjs/common';
import { publicId, type Tenant } from '#persistence';
import { type AppCheckOutcome, type Provider, providerOf, type RegisteredApp, type RegistrationStep } from '#providers';
import type { TokenExchange } from '#tokens';
import { Addresses } from '../addresses.js';
import { TOKEN_EXCHANGE } from '../injection.js';
import { GetOAuthApp } from './list-oauth-apps.js';
import type { OAuthAppRecord } from './oauth-app-record.js';

export type CheckStatus = 'ok' | 'failed' | 'unknown';

/** One fact about an app, with a sentence for its owner. */
export interface AppFinding {
  name: 'credentials' | 'scopes';
  status: CheckStatus;
  detail: string;
}

/** What the owner of an app enters, chooses or requests in the portal of the platform. */
export interface Registration {
  what: RegistrationStep['what'];
  value: string;
  where: string;
}

export interface OAuthAppReport {
  /** `failed` with any failed check, `ok` if every check is. */
  status: CheckStatus;
  checks: AppFinding[];
  register: Registration[];
}

export interface CheckedOAuthApp {
  app: OAuthAppRecord;
  report: OAuthAppReport;
}

/** Whether an app is set up correctly, as far as the platform and the definition of the provider show it. */
@Injectable()
export class CheckOAuthApp {
  constructor(
    private readonly getApp: GetOAuthApp,
    private readonly addresses: Addresses,
    @Inject(TOKEN_EXCHANGE) private readonly exchange: TokenExchange,
  ) {}

  /** Checks the app at the platform, for at most a few seconds, and returns the app as it is afterwards. Throws oauth_app.not_found. */
  async execute({ tenant, id }: { tenant: Tenant; id: string }): Promise<CheckedOAuthApp> {
    await this.getApp.execute({ tenant, id });
    const outcome = await this.exchange.checkApp(id);
    const app = await this.getApp.execute({ tenant, id });
    return { app, report: this.report(app, outcome) };
  }

  /** The report on an app which was not checked at the platform yet. */
  reportUnchecked(app: OAuthAppRecord): OAuthAppReport {
    return this.report(app, { status: 'unknown', code: 'not_answered' });
  }

  private report(app: OAuthAppRecord, outcome: AppCheckOutcome): OAuthAppReport {
    const provider = providerOf(app.provider);
    const checks = [credentialsFinding(provider, outcome), scopesFinding(provider, app)];
    return { status: worst(checks), checks, register: registrationOf(provider, app, this.addresses.publicUrl) };
  }
}

const CREDENTIALS_STATUS = { accepted: 'ok', refused: 'failed', unknown: 'unknown' } as const;

function credentialsFinding({ title }: Provider, outcome: AppCheckOutcome): AppFinding {
  return { name: 'credentials', status: CREDENTIALS_STATUS[outcome.status], detail: detailOf(title, outcome) };
}

const UNKNOWN_DETAILS: Record<string, (title: string) => string> = {
  not_offered: (title) =>
    `${title} has no request that shows whether they are right; the first connected account does.`,
  not_answered: (title) => `${title} has not answered in time; check again later.`,
  exchanger_unavailable: () => 'They could not be checked at present; check again later.',
};

function detailOf(title: string, outcome: AppCheckOutcome): string {
  if (outcome.status === 'accepted') return `${title} accepts the client id and the secret.`;
  if (outcome.status === 'refused') return `${title} refuses the client id or the secret (${outcome.failure.code}).`;
  const { code } = outcome;
  const known = Object.hasOwn(UNKNOWN_DETAILS, code) ? UNKNOWN_DETAILS[code] : undefined;
  return known?.(title) ?? `The answer of ${title} (${code}) does not show whether they are right.`;
}

function scopesFinding({ title, scopes: { required } }: Provider, { scopes }: OAuthAppRecord): AppFinding {
  const missing = required.filter((scope) => !scopes.includes(scope));
  return missing.length === 0
    ? { name: 'scopes', status: 'ok', detail: `Every scope that ${title} needs is requested.` }
    : { name: 'scopes', status: 'failed', detail: `Accounts would lack the required scopes ${missing.join(', ')}.` };
}

function worst(checks: readonly AppFinding[]): CheckStatus {
  if (checks.some(({ status }) => status === 'failed')) return 'failed';
  return checks.every(({ status }) => status === 'ok') ? 'ok' : 'unknown';
}

const redirectUriOf = ({ redirectUri }: RegisteredApp): string => redirectUri;

function registrationOf(provider: Provider, app: OAuthAppRecord, publicUrl: string): Registration[] {
  const registered: RegisteredApp = {
    redirectUri: app.redirectUri,
    scopes: app.scopes,
    callbackUrl: (path) => `${publicUrl}/v1/callbacks/${path}`,
    publicId: publicId('oa', app.id),
  };
  const onlyRedirectUri: RegistrationStep[] = [
    { what: 'redirect_uri', value: redirectUriOf, where: `The settings of your app at ${provider.title}` },
  ];
  return (provider.registration ?? onlyRedirectUri).map(({ what, value, where }) => ({
    what,
    value: typeof value === 'string' ? value : value(registered),
    where,
  }));
}
