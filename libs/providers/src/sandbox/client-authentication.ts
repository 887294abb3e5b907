import { digestOf, sameDigest } from './digest.js';
import type { Platform } from './contract.js';
import { Refusal } from './refusal.js';

/** No platform has issued such client ids; all others exist. */
const UNKNOWN_CLIENT_PREFIX = 'unknown-';

/** Authenticates the app. The first secret of an app is required from then on, until the control surface sets another one. */
export function authenticateClient(platform: Platform, clientId: string, secret: string): string {
  const { state, definition, notes } = platform;
  notes.clientId = clientId;
  if (clientId.startsWith(UNKNOWN_CLIENT_PREFIX)) throw new Refusal('unknown_client');
  const app = state.appOrNew(definition.name, clientId);
  const digest = digestOf(secret);
  if (app.secretDigest === undefined) state.apps.save({ ...app, secretDigest: digest });
  else if (!sameDigest(app.secretDigest, digest)) throw new Refusal('wrong_client_secret');
  if (state.push(definition.name, clientId)?.secret === undefined)
    state.notePush(definition.name, clientId, { secret });
  return clientId;
}

/** HTTP Basic as RFC 6749, 2.3.1 has it: both halves form-encoded. Undefined when the header is something else. */
export function readBasic(authorization: string | undefined): { id: string; secret: string } | undefined {
  const encoded = /^Basic ([A-Za-z0-9+/=_-]+)$/i.exec(authorization ?? '')?.[1];
  const pair = encoded && Buffer.from(encoded, 'base64').toString();
  const colon = pair ? pair.indexOf(':') : -1;
  if (!pair || colon < 1) return undefined;
  return { id: formDecode(pair.slice(0, colon)), secret: formDecode(pair.slice(colon + 1)) };
}

/** Many clients send the halves as they are; what is no valid encoding is taken literally. */
function formDecode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return text;
  }
}
