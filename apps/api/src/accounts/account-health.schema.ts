import { z } from 'zod';
import { type AccountHealthRecord, PROBE_STATES, RECOMMENDATIONS, TOKEN_STATES } from '#accounts';
import { health, idOf, isoTime, publicId, time } from '../http/fields.js';
import { accountEventPageExample, accountEventSchema, accountEventView } from './account-event.schema.js';

const step = z.object({ name: z.string(), state: z.string(), at: time });

/** The health of an account, its reason and a recommendation. */
export const accountHealthSchema = z
  .object({
    id: idOf('acc'),
    health,
    health_reason: z.string().nullable(),
    token: z.object({
      state: z.enum(TOKEN_STATES),
      expires_at: time.nullable(),
      refresh_expires_at: time.nullable(),
      last_refreshed_at: time.nullable(),
      next_refresh_at: time.nullable(),
      last_error: z.string().nullable().describe("The platform's own code of the last refusal since the last ok."),
    }),
    provisioning: z.object({
      state: z
        .enum(['pending', 'provisioning', 'ready', 'failed', 'released'])
        .describe('Of a leased account; every other account is ready.'),
      steps: z.array(step),
    }),
    probe: z.object({ state: z.enum(PROBE_STATES), at: time.nullable(), next_at: time.nullable() }),
    recommendation: z.enum(RECOMMENDATIONS).describe('What you had best do.'),
    events: z.array(accountEventSchema).describe('The last 20, newest first.'),
  })
  .meta({ id: 'AccountHealth' });

export type AccountHealthView = z.output<typeof accountHealthSchema>;

export const accountHealthExample: AccountHealthView = {
  id: 'acc_01h455vb4pex5vsknk084sn02q',
  health: 'degraded',
  health_reason: 'provider_unavailable',
  token: {
    state: 'valid',
    expires_at: '2026-12-01T12:00:00Z',
    refresh_expires_at: null,
    last_refreshed_at: '2026-12-01T10:00:00Z',
    next_refresh_at: '2026-12-01T11:36:20Z',
    last_error: 'http_503',
  },
  provisioning: { state: 'ready', steps: [] },
  probe: { state: 'ok', at: '2026-12-01T09:12:44Z', next_at: '2026-12-02T10:01:02Z' },
  recommendation: 'wait',
  events: accountEventPageExample.items,
};

/** The same on both surfaces. */
export const provisioningView = ({
  state,
  steps,
}: AccountHealthRecord['provisioning']): AccountHealthView['provisioning'] => ({
  state,
  steps: steps.map((one) => ({ ...one, at: isoTime(one.at) })),
});

export const accountHealthView = ({ token, probe, ...account }: AccountHealthRecord): AccountHealthView => ({
  id: publicId('acc', account.id),
  health: account.health,
  health_reason: account.healthReason,
  token: {
    state: token.state,
    expires_at: isoTime(token.expiresAt),
    refresh_expires_at: isoTime(token.refreshExpiresAt),
    last_refreshed_at: isoTime(token.lastRefreshedAt),
    next_refresh_at: isoTime(token.nextRefreshAt),
    last_error: token.lastError,
  },
  provisioning: provisioningView(account.provisioning),
  probe: { state: probe.state, at: isoTime(probe.at), next_at: isoTime(probe.nextAt) },
  recommendation: account.recommendation,
  events: account.events.map(accountEventView),
});
