import { mac, sameDigest } from './digest.js';
import type { Keyring } from './keyring.js';

const FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/** A position in a list as opaque text. `scope` is all it is bound to (endpoint, tenant, filters); it is signed, not stored. */
export function writeCursor(keyring: Keyring, scope: unknown, position: unknown): string {
  const body = Buffer.from(JSON.stringify(position)).toString('base64url');
  return `${body}.${mac(keyring.subkey('cursor'), signed(scope, body)).toString('base64url')}`;
}

/** The position, or undefined when the cursor is damaged or belongs to another list. */
export function readCursor(keyring: Keyring, scope: unknown, cursor: string): unknown {
  const [, body, signature] = FORM.exec(cursor) ?? [];
  if (!body || !signature) return undefined;
  const given = Buffer.from(signature, 'base64url');
  const ours = keyring.ids.some((id) => sameDigest(given, mac(keyring.subkey('cursor', id), signed(scope, body))));
  return ours ? (JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as unknown) : undefined;
}

const signed = (scope: unknown, body: string): string => JSON.stringify([scope, body]);
