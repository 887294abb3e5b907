import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import {
  chmodSync,
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, StartError } from './errors.mjs';

/**
 * Creates EVERGRANT_HOME, which its owner alone can read; throws a StartError if that fails.
 * @param {string} home
 */
export function makeHome(home) {
  try {
    makeFolder(home);
    chmodSync(home, 0o700);
  } catch (cause) {
    throw new StartError(`EVERGRANT_HOME (${home}) can not be used: ${messageOf(cause)}`, { cause });
  }
}

/**
 * As `makeFolder` of the settings: the recursive mode of mkdir never returns below /proc.
 * @param {string} path
 */
function makeFolder(path) {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  if (dirname(path) !== path) makeFolder(dirname(path));
  mkdirSync(path, { mode: 0o700 });
}

/**
 * Creates the secrets of this installation at its first start. Without `master.key`, no sealed token can be opened again.
 * @param {string} home
 */
export function makeSecrets(home) {
  const masterKeysFile = join(home, 'master.key');
  keep(masterKeysFile, () => `k1:${randomBytes(32).toString('base64')}\n`);
  const postgresPassword = keep(join(home, 'postgres.password'), () => randomBytes(24).toString('base64url'));
  const privateKeyFile = join(home, 'jwt.private.json');
  keep(privateKeyFile, makeSigningKey);
  const privateKey = readObject(privateKeyFile);
  if (!privateKey) throw new StartError(`${privateKeyFile} is damaged: remove it, and the next start makes a new key.`);
  const { d, ...publicKey } = privateKey;
  const jwtPublicKeyFile = join(home, 'jwt.public.json');
  writeDurably(jwtPublicKeyFile, `${JSON.stringify(publicKey, undefined, 2)}\n`, 0o644);
  return { masterKeysFile, jwtPublicKeyFile, postgresPassword };
}

/**
 * Writes a file whole or not at all; it is on the disk when this returns.
 * @param {string} path
 * @param {string} text
 * @param {number} [mode]
 */
export function writeDurably(path, text, mode = 0o600) {
  const draft = `${path}.new`;
  const file = openSync(draft, 'w', mode);
  writeSync(file, text);
  fsyncSync(file);
  closeSync(file);
  renameSync(draft, path);
}

/**
 * Returns the text of a file, which `make` gives at the first start.
 * @param {string} path
 * @param {() => string} make
 */
function keep(path, make) {
  if (!existsSync(path)) writeDurably(path, make());
  chmodSync(path, 0o600);
  return readFileSync(path, 'utf8');
}

/**
 * The object in a file of this folder; undefined where there is none, or where the file is damaged.
 * @param {string} path
 * @returns {Record<string, any> | undefined}
 */
export function readObject(path) {
  try {
    const value = JSON.parse(readFileSync(path, 'utf8'));
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** ES256 (RFC 7518 3.4); the key id is the thumbprint of RFC 7638, so that a new key has a new one. */
function makeSigningKey() {
  const jwk = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' });
  const { crv, kty, x, y } = jwk;
  const kid = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  return `${JSON.stringify({ ...jwk, kid, alg: 'ES256', use: 'sig' }, undefined, 2)}\n`;
}
