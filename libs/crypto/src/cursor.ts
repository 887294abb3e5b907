import type { Keyring } from './keyring.js';
import { isSigned, sign } from './signature.js';

const FORM = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;

/** A position in a list as opaque text. `scope` is all it is bound to (endpoint, tenant, filters); it is signed, not stored. */
export function writeCursor(keyring: Keyring, scope: unknown, position: unknown): string {
  const body = Buffer.from(JSON.stringify(position)).toString('base64url');
  return `${body}.${sign(keyring, 'cursor', signed(scope, body))}`;
}

/** The position, or undefined when the cursor is damaged or belongs to another list. */
export function readCursor(keyring: Keyring, scope: unknown, cursor: string): unknown {
  const [, body, signature] = FORM.exec(cursor) ?? [];
  if (!body || !signature) return undefined;
  if (!isSigned(keyring, 'cursor', signed(scope, body), signature)) return undefined;
  return JSON.parse(Buffer.from(body, 'base64url').toString('utf8')) as unknown;
}

const signed = (scope: unknown, body: string): string => JSON.stringify([scope, body]);
