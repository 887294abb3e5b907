import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from './start/root.mjs';

const USAGE = 'npm run token -- --workspace <name> [--operator] [--ttl 1h]';

try {
  console.log(await makeToken(readArguments(), process.env));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}

function readArguments() {
  try {
    const { values } = parseArgs({
      options: {
        workspace: { type: 'string', default: 'default' },
        operator: { type: 'boolean', default: false },
        ttl: { type: 'string', default: '1h' },
      },
    });
    if (!/^[1-9]\d*[smhd]$/.test(values.ttl))
      throw new Error('--ttl is a whole number with s, m, h or d, for example 1h.');
    return values;
  } catch (error) {
    throw new Error(`${error.message}\nUsage: ${USAGE}`, { cause: error });
  }
}

async function makeToken({ workspace, operator, ttl }, env) {
  const jwk = readSigningKey(resolve(ROOT, env.EVERGRANT_HOME || '.evergrant', 'jwt.private.json'));
  const { importJWK, SignJWT } = await import('jose').catch(() => {
    throw new Error('The packages are not installed: run npm start or npm ci first.');
  });
  return new SignJWT({ [env.JWT_WORKSPACE_CLAIM || 'sub']: workspace, ...(operator ? { roles: ['operator'] } : {}) })
    .setProtectedHeader({ alg: 'ES256', kid: jwk.kid, typ: 'JWT' })
    .setIssuer(env.JWT_ISSUER || 'evergrant')
    .setAudience(env.JWT_AUDIENCE || 'evergrant')
    .setIssuedAt()
    .setExpirationTime(ttl)
    .sign(await importJWK(jwk, 'ES256'));
}

function readSigningKey(path) {
  if (!existsSync(path))
    throw new Error(`There is no signing key at ${path}: npm start makes it (mind EVERGRANT_HOME).`);
  return JSON.parse(readFileSync(path, 'utf8'));
}
