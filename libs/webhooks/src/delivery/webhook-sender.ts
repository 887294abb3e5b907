import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { seconds } from '#config';
import { annotateSpan, inSpan, type Metrics, type Secret } from '#observability';
import { postponePaused } from '../endpoints/endpoint-health.js';
import { type ClaimedDelivery, claimDue, claimOldest } from './lanes.js';
import { deliver, type DeliveryContext, type OpenSecrets, secretsOfOneClaim } from './deliver.js';
import { ResultQueue } from './result-queue.js';

export interface SenderOptions extends DeliveryContext {
  databaseUrl: Secret;
  metrics?: Pick<Metrics, 'add'> | undefined;
}

/** Attempts at a time, of all endpoints and of one. A receiver that hangs keeps its own places only. */
const MAX_ATTEMPTS = 100;
const MAX_PER_WEBHOOK = 8;
/** By `outcome`. */
const ATTEMPTS = 'evergrant_webhook_attempts_total';
/** Retries become due without a notification, and a notification can be lost. */
const SWEEP_INTERVAL = seconds(1);
/** Between a claim and its attempt, so that the attempt ends before the claim. */
const LONGEST_WAIT = seconds(30);
const RECONNECT_AFTER = seconds(2);
/** Attempts that end meanwhile are followed by one claim: one for each would cost more than the attempts. */
const CLAIM_INTERVAL = seconds(0.01);

/**
 * Sends what waits in the lanes of this installation's endpoints. The rows decide; a notification of PostgreSQL only ends the
 * pause between two claims. Any number of processes may do this at a time.
 */
export class WebhookSender {
  readonly #running = new Map<Promise<void>, string>();
  #listener: Client | undefined;
  #timer: NodeJS.Timeout | undefined;
  #claiming: Promise<void> | undefined;
  #isAgain = false;
  #isStopped = false;
  readonly #results: ResultQueue;

  constructor(private readonly options: SenderOptions) {
    this.#results = new ResultQueue(options);
  }

  start(): void {
    this.#timer = setInterval(() => {
      this.wake();
    }, SWEEP_INTERVAL);
    void this.listen();
  }

  /** Claims nothing more, and waits for the attempts that are under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#results.stop();
    clearInterval(this.#timer);
    await this.#listener?.end().catch(() => undefined);
    await this.#claiming;
    await Promise.allSettled(this.#running.keys());
  }

  /** Sends what is due now and what becomes due by that, and resolves when nothing is. */
  async drain(): Promise<void> {
    do {
      this.wake();
      await this.#claiming;
      await Promise.allSettled(this.#running.keys());
    } while (this.#claiming !== undefined || this.#running.size > 0 || this.#isAgain);
  }

  private wake(): void {
    if (this.#isStopped) return;
    this.#isAgain = true;
    this.#claiming ??= this.claim().finally(() => {
      this.#claiming = undefined;
    });
  }

  private async claim(): Promise<void> {
    const { pool, scale, logger } = this.options;
    while (this.#isAgain && !this.#isStopped) {
      this.#isAgain = false;
      try {
        for (const webhookId of await postponePaused(pool, scale)) this.begin(await claimOldest(pool, webhookId));
        const most = MAX_ATTEMPTS - this.#running.size;
        if (most > 0) this.begin(await claimDue(pool, { most, perWebhook: MAX_PER_WEBHOOK, busy: this.busy() }));
      } catch (error) {
        logger.warn({ err: error }, 'webhooks.not_claimed');
      }
      await sleep(CLAIM_INTERVAL);
    }
  }

  /** Endpoints whose attempts are all under way. Another one gets as many again, since a claim does not count those that run. */
  private busy(): string[] {
    const counts = new Map<string, number>();
    for (const webhookId of this.#running.values()) counts.set(webhookId, (counts.get(webhookId) ?? 0) + 1);
    return [...counts].filter(([, count]) => count >= MAX_PER_WEBHOOK).map(([webhookId]) => webhookId);
  }

  private begin(deliveries: ClaimedDelivery[]): void {
    const open = secretsOfOneClaim(this.options);
    for (const delivery of deliveries) {
      const attempt = this.attempt(delivery, open).finally(() => {
        this.#running.delete(attempt);
        this.wake();
      });
      this.#running.set(attempt, delivery.webhookId);
    }
  }

  /** What is not stored is due again with the end of its claim. */
  private async attempt(delivery: ClaimedDelivery, open: OpenSecrets): Promise<void> {
    const { logger, metrics } = this.options;
    const facts = { webhook: delivery.webhookId, delivery: delivery.id };
    try {
      // After a pause of this process another one may have sent this event, and later ones.
      if (performance.now() - delivery.claimedAt > LONGEST_WAIT) return;
      const outcome = await inSpan({ name: 'webhook.deliver', kind: 'internal' }, async () => {
        const attempted = await deliver(this.options, delivery, open);
        await this.#results.add(attempted);
        annotateSpan({ 'evergrant.outcome': attempted.outcome });
        return attempted.outcome;
      });
      metrics?.add(ATTEMPTS, { outcome });
      logger.info({ ...facts, outcome }, 'webhook.attempted');
    } catch (error) {
      metrics?.add(ATTEMPTS, { outcome: 'not_stored' });
      logger.error({ err: error, ...facts }, 'webhook.attempt_not_stored');
    }
  }

  /** Without the connection the sweep alone finds what waits. */
  private async listen(): Promise<void> {
    if (this.#isStopped) return;
    const client = new Client({
      connectionString: this.options.databaseUrl.reveal(),
      application_name: 'evergrant-webhooks',
    });
    const again = (): void => {
      if (this.#listener !== client) return;
      this.#listener = undefined;
      setTimeout(() => void this.listen(), RECONNECT_AFTER).unref();
    };
    this.#listener = client;
    client.on('notification', () => {
      this.wake();
    });
    client.on('error', again);
    client.on('end', again);
    try {
      await client.connect();
      await client.query('listen webhook_deliveries');
    } catch (error) {
      this.options.logger.warn({ err: error }, 'webhooks.not_listening');
      await client.end().catch(() => undefined);
      again();
    }
  }
}
