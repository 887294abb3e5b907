import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import type { JWK } from 'jose';
import { readTokenConfig } from '#config';
import { once } from '../options.js';

interface TokenOptions {
  workspace: string;
  operator?: boolean;
  ttl: string;
}

/** `token`: prints a dashboard token, signed with the key that `npm start` made in EVERGRANT_HOME. */
export function addToken(program: Command): void {
  program
    .command('token')
    .description('Prints a dashboard token, signed with the key that npm start made in EVERGRANT_HOME.')
    .option('--workspace <name>', 'the workspace of the token', once(), 'default')
    .option('--operator', 'add the role operator')
    .option('--ttl <duration>', 'the lifetime', once(parseTtl), '1h')
    .action(async (options: TokenOptions, command: Command) => {
      try {
        process.stdout.write(`${await signToken(options)}\n`);
      } catch (error) {
        command.showHelpAfterError(false).error((error as Error).message);
      }
    });
}

/** At most 9,999 days, because the API refuses an expiry without a four-digit year. */
function parseTtl(text: string): string {
  if (/^[1-9]\d{0,3}[smhd]$/.test(text)) return text;
  throw new InvalidArgumentError('--ttl is a whole number up to 9999 with s, m, h or d, for example 1h.');
}

/** The claims are those that the API verifies: RFC 7519, with the algorithm ES256 (RFC 7518, section 3.4). */
async function signToken({ workspace, operator, ttl }: TokenOptions): Promise<string> {
  const { home, callers } = readTokenConfig(process.env);
  // Loaded here, because the other commands do not need jose, and start a second earlier without the use cases.
  const [{ importJWK, SignJWT }, { workspaceName }] = await Promise.all([import('jose'), import('#accounts')]);
  const problem = workspaceName.safeParse(workspace).error?.issues[0]?.message;
  if (problem !== undefined) throw new Error(`error: option --workspace: ${problem}`);
  const { workspaceClaim, issuer, audience } = callers.jwt;
  const jwk = readSigningKey(resolve(home, 'jwt.private.json'));
  return new SignJWT({ [workspaceClaim]: workspace, ...(operator ? { roles: ['operator'] } : {}) })
    .setProtectedHeader({ alg: 'ES256', typ: 'JWT', ...(jwk.kid ? { kid: jwk.kid } : {}) })
    .setIssuer(issuer)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(ttl)
    .sign(await importJWK(jwk, 'ES256'));
}

/** The errors do not quote the file, because it holds a private key. */
function readSigningKey(path: string): JWK {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as JWK;
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'no valid signing key' : 'no signing key';
    throw new Error(`There is ${reason} at ${path}: npm start makes it (check EVERGRANT_HOME).`, { cause: error });
  }
}
