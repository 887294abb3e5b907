import { z } from 'zod';
import { rawText, type StartedAttempt, text } from '#accounts';
import { isoTime, returnUrl, scopeList, state, time } from '../http/fields.js';

const scopes = rawText(2_000)
  .transform((list) => list.split(/[ ,]+/).filter(Boolean))
  .refine((list) => list.length > 0, 'must have at least one entry')
  .describe("What to request of the person, separated by spaces or commas; by default the app's own scopes.");

/** The query of `start`. The use case checks its ids and its return URL. */
export const startConnectQuery = z.strictObject({
  oauth_app_id: rawText(100, { shortest: 1 }).optional().describe("By default the platform's default app."),
  return_url: returnUrl.optional(),
  project_id: rawText(100, { shortest: 1 }).optional().describe('By default the default project.'),
  scopes: scopes.optional(),
  selection: z
    .enum(['all', 'manual'], { error: 'must be all or manual' })
    .optional()
    .describe(
      'Where one consent opens several accounts: manual waits for a choice, by default all that can be become accounts.',
    ),
  user_ref: text(255).optional().describe('Your own id of this user; it comes back in events and metadata.'),
});

export type StartConnectQuery = z.output<typeof startConnectQuery>;

export const startedConnectSchema = z
  .object({ authorize_url: z.string(), state, expires_at: time })
  .meta({ id: 'StartedConnect' });

export type StartedConnectView = z.output<typeof startedConnectSchema>;

const STATE = 'Yw2rJv0eJ1cS6mG0nQ4kqk2m3mQk2m0wq3Q2Vb1h8s0.pUq1T6S3r1b0Vx2m9yQ4J8c7e5d3Fz1a0B9w2R6k4Hs';

export const startedConnectExample: StartedConnectView = {
  authorize_url: `https://platform.example/oauth2/authorize?response_type=code&client_id=abc&state=${STATE}`,
  state: STATE,
  expires_at: '2026-12-01T12:10:00Z',
};

export const startedConnectView = ({ authorizeUrl, state, expiresAt }: StartedAttempt): StartedConnectView => ({
  authorize_url: authorizeUrl,
  state,
  expires_at: isoTime(expiresAt),
});

/** The body of `reauth`, which is optional. The use case checks its return URL. */
export const startReauthBody = z
  .strictObject({
    return_url: returnUrl.optional(),
    scopes: scopeList.optional().describe('What to request of the person; by default the setting of the app.'),
    expires_in: z
      .int('must be a whole number')
      .min(601, 'must be between 601 and 604800')
      .max(604_800, 'must be between 601 and 604800')
      .optional()
      .describe(
        'Seconds. With it authorize_url is a link for the person, to a page with a button; without it ten minutes.',
      ),
  })
  .prefault({});

export type StartReauthBody = z.output<typeof startReauthBody>;

/** A loopback URL is allowed in the environment `test`, whatever the app lists. */
export const startReauthExample: z.input<typeof startReauthBody> = { return_url: 'http://localhost:8080/settings' };

/** The response to `reauth`. */
export const startedReauthSchema = startedConnectSchema
  .extend({ state: state.nullable().describe('null with expires_in: each click gets a state of its own.') })
  .meta({ id: 'StartedReauth' });

export type StartedReauthView = z.output<typeof startedReauthSchema>;

export const reauthLinkView = ({ url, expiresAt }: { url: string; expiresAt: Date }): StartedReauthView => ({
  authorize_url: url,
  state: null,
  expires_at: isoTime(expiresAt),
});
