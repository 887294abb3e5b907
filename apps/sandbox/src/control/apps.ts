import type { z } from 'zod';
import { seconds } from '#config';
import { type AppRecord, digestOf, type SandboxState, type TokenKnobs } from '#providers/sandbox';
import type { AppSettings } from './control.schema.js';

/** Changes an app's settings, and makes the app if it never came before. */
export function saveApp(state: SandboxState, settings: z.output<typeof AppSettings>): AppRecord {
  const app = state.appOrNew(settings.provider, settings.client_id);
  const saved = {
    ...app,
    redirectUris: settings.redirect_uris ?? app.redirectUris,
    quirks: settings.quirks ?? app.quirks,
    ...(settings.client_secret !== undefined && { secretDigest: digestOf(settings.client_secret) }),
    knobs: { ...app.knobs, ...knobsOf(settings) },
  };
  state.apps.save(saved);
  if (settings.client_secret !== undefined)
    state.notePush(settings.provider, settings.client_id, { secret: settings.client_secret });
  if (settings.push_url !== undefined)
    state.notePush(settings.provider, settings.client_id, { url: settings.push_url });
  return saved;
}

function knobsOf(settings: z.output<typeof AppSettings>): Partial<TokenKnobs> {
  const knobs = {
    accessLife: settings.access_ttl_seconds,
    refreshLife: settings.refresh_ttl_seconds,
    grace: settings.grace_seconds,
    rotation: settings.rotation,
    familyRevocation: settings.family_revocation,
  };
  return Object.fromEntries(Object.entries(knobs).filter(([, value]) => value !== undefined));
}

const inSeconds = (life: number | undefined): number | undefined =>
  life === undefined ? undefined : life / seconds(1);

/** What is undefined is the platform's default, and left out of the JSON. */
export const appView = (
  state: SandboxState,
  { provider, clientId, redirectUris, secretDigest, knobs, quirks }: AppRecord,
): object => ({
  provider,
  client_id: clientId,
  redirect_uris: redirectUris,
  has_secret: secretDigest !== undefined,
  access_ttl_seconds: inSeconds(knobs.accessLife),
  refresh_ttl_seconds: inSeconds(knobs.refreshLife),
  grace_seconds: inSeconds(knobs.grace),
  rotation: knobs.rotation,
  family_revocation: knobs.familyRevocation,
  quirks,
  push_url: state.push(provider, clientId)?.url,
});
