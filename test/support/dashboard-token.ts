import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { importJWK, type JWK, SignJWT } from 'jose';
import { readTokenConfig } from '#config';

/** What `npm run token` prints for a workspace of the service in `home`, without a process for each token. */
export async function signDashboardToken(home: string, workspace: string, roles: string[] = []): Promise<string> {
  const { workspaceClaim, issuer, audience } = readTokenConfig({ ...process.env, EVERGRANT_HOME: home }).callers.jwt;
  const jwk = JSON.parse(await readFile(join(home, 'jwt.private.json'), 'utf8')) as JWK;
  return new SignJWT({ [workspaceClaim]: workspace, roles })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', ...(jwk.kid ? { kid: jwk.kid } : {}) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime('1h')
    .sign(await importJWK(jwk, 'ES256'));
}
