import { type Tenant } from '#persistence/sql';
import { type ProbeReading, type Provider, readProbeAnswer } from '#providers';
import type { Secret } from '#observability';
import { callApi } from '../call-api.js';
import { type AppRow, openApp } from '../store/apps.js';
import type { TokenContext } from '../token-context.js';
import { probeWithoutApp, readingOf, type TokenVerification, verifyToken } from '../verify-token.js';

/** The facts of an account that its check needs. */
export interface AccountFacts extends Tenant {
  provider: string;
  platformAccountId: string;
  scopes: string[];
  /** Its tokens were supplied, and the platform has yet to name their profile. */
  isUnconfirmed: boolean;
}

export interface AccountCheck {
  account: AccountFacts;
  /** Undefined: it was deleted, or the account was connected without one. */
  app: AppRow | undefined;
  token: Secret;
  provider: Provider;
}

/** The platform's answer about an account; `verification` where it had to name the profile of the tokens. */
export interface Answer {
  reading: ProbeReading;
  verification: TokenVerification | undefined;
}

export async function checkAccount(context: TokenContext, check: AccountCheck): Promise<Answer> {
  const { account, token } = check;
  if (!account.isUnconfirmed) return { reading: await probe(context, check), verification: undefined };
  const verification = await verifyToken(context, { ...account, accessToken: token });
  return { reading: readingOf(verification), verification };
}

async function probe(context: TokenContext, { account, app, token, provider }: AccountCheck): Promise<ProbeReading> {
  const { scopes, platformAccountId } = account;
  if (!app) return probeWithoutApp(context, account, token);
  const credentials = await openApp(context.pool, context.vault, app);
  const request = provider.probe.request({ app: credentials, accessToken: token, scopes, platformAccountId });
  return callApi(context, account, request, (answer) => readProbeAnswer(provider, answer));
}
