import { seconds, withTimeout } from '#config';
import { transaction } from '#persistence/sql';
import { type AppCheckOutcome, type Provider, providerOf, readAppCheckAnswer } from '#providers';
import { type AppRow, acceptSecret, markAppFailing, openApp, readApp, reportBrokenSeal } from '#tokens/store';
import type { ExchangerContext } from '../exchanger-context.js';

/** The longest wait for the platform, connecting included: a request of a client waits for the result. */
const CHECK_DEADLINE = seconds(4);

const unknown = (code: string): AppCheckOutcome => ({ status: 'unknown', code });
const NOT_ANSWERED = { status: 'unknown', code: 'not_answered', retry: true } as const;

/**
 * Checks at the platform whether the id and the secret of an app are right. A refusal marks the app misconfigured. An acceptance
 * ends that status where the token endpoint set it, and the wait of its grants for a new secret; without a clear answer both
 * stay.
 */
export async function checkApp(context: ExchangerContext, appId: string): Promise<AppCheckOutcome> {
  const app = await readApp(context.pool, appId);
  if (!app) return unknown('app_deleted');
  const { appCheck } = providerOf(app.provider);
  if (!appCheck) return unknown('not_offered');
  const outcome = await sendCheck(context, app, appCheck).catch(async (error: unknown) => {
    await reportBrokenSeal(context, error);
    return unknown('seal_broken');
  });
  context.logger.info({ oauthApp: appId, provider: app.provider, outcome: outcome.status }, 'oauth_app.checked');
  await store(context, app, outcome);
  return outcome;
}

async function sendCheck(
  context: ExchangerContext,
  app: AppRow,
  appCheck: NonNullable<Provider['appCheck']>,
): Promise<AppCheckOutcome> {
  const credentials = await openApp(context.pool, context.vault, app);
  const sent = context.client
    .send(appCheck.request(credentials), { environment: app.environment, within: CHECK_DEADLINE })
    .then(
      (answer) => readAppCheckAnswer(providerOf(app.provider), answer),
      () => NOT_ANSWERED,
    );
  return withTimeout(sent, CHECK_DEADLINE, () => NOT_ANSWERED);
}

async function store({ pool }: ExchangerContext, app: AppRow, outcome: AppCheckOutcome): Promise<void> {
  if (outcome.status === 'unknown') return;
  await transaction(pool, async (tx) => {
    if (outcome.status === 'refused') await markAppFailing(tx, app, outcome.failure, 'token');
    else await acceptSecret(tx, app);
  });
}
