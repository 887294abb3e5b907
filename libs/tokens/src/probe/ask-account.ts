import { type Tenant } from '#persistence/sql';
import { type ProbeReading, type Provider, readProbeAnswer } from '#providers';
import type { Secret } from '#observability';
import { askApi } from '../ask-api.js';
import { type AppRow, openApp } from '../store/apps.js';
import type { TokenContext } from '../token-context.js';
import { probeWithoutApp, readingOf, type TokenVerification, verifyToken } from '../verify-token.js';

/** An account, as far as the platform is asked about it. */
export interface AskedAccount extends Tenant {
  provider: string;
  platformAccountId: string;
  scopes: string[];
  /** Its tokens were supplied, and the platform has yet to name their profile. */
  isUnconfirmed: boolean;
}

export interface Question {
  account: AskedAccount;
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

export async function askAccount(context: TokenContext, question: Question): Promise<Answer> {
  const { account, token } = question;
  if (!account.isUnconfirmed) return { reading: await probe(context, question), verification: undefined };
  const verification = await verifyToken(context, { ...account, accessToken: token });
  return { reading: readingOf(verification), verification };
}

async function probe(context: TokenContext, { account, app, token, provider }: Question): Promise<ProbeReading> {
  const { scopes, platformAccountId } = account;
  if (!app) return probeWithoutApp(context, account, token);
  const credentials = await openApp(context.pool, context.vault, app);
  const request = provider.probe.request({ app: credentials, accessToken: token, scopes, platformAccountId });
  return askApi(context, account, request, (answer) => readProbeAnswer(provider, answer));
}
