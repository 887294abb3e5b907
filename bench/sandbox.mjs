// Token refreshes a second at each imitated platform, beside a bare Fastify route that parses the same form and answers
// the same JSON, in the same run: `npm run build && node bench/sandbox.mjs [seconds]`. The ratio counts, not the figure.
import { fork } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sandboxes } from '#providers/sandbox';

const CLIENTS = 32;
const SECONDS = Number(process.argv[2] ?? 5);
const SANDBOX_PORT = 3198;
const BARE_PORT = 3199;
const redirectUri = 'https://bench.example/callback';
const verifier = 'v'.repeat(43);
const agent = new Agent({ keepAlive: true, maxSockets: CLIENTS });

/**
 * @typedef {(typeof sandboxes)[number]} Definition
 * @typedef {{ port: number, path: string }} Target
 * @typedef {{ access_token: string, refresh_token?: string }} Answer
 * @typedef {{ clientId: string, authorization: string }} Credentials
 * @typedef {Credentials & { answer: Answer }} Client
 */

if (process.send && process.argv[2] === 'bare') await serveBare();
else await main();

async function main() {
  const home = await mkdtemp(join(tmpdir(), 'bench-sandbox-'));
  const env = { ...process.env, SANDBOX_PORT: String(SANDBOX_PORT), EVERGRANT_HOME: home, LOG_LEVEL: 'info' };
  const sandbox = fork('dist/bundle/sandbox.js', { env, stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const bare = fork('bench/sandbox.mjs', ['bare']);
  await Promise.all([once(sandbox, 'message'), once(bare, 'message')]);
  try {
    for (const definition of sandboxes) await measure(definition);
  } finally {
    sandbox.disconnect();
    bare.disconnect();
    await once(sandbox, 'exit');
    await rm(home, { recursive: true });
  }
}

/** @param {Definition} definition */
async function measure(definition) {
  const { pathname, host } = new URL(definition.endpoints.find(({ endpoint }) => endpoint === 'token')?.url ?? '');
  const target = { port: SANDBOX_PORT, path: `/${host}${pathname}` };
  const first = await connect(definition, target, 'bench-0');
  const sample = first.answer;
  if (!sample.refresh_token) return console.log(`${definition.title}: no refresh tokens to measure`);
  const clients = [first];
  for (let n = 1; n < CLIENTS; n += 1) clients.push(await connect(definition, target, `bench-${n}`));
  await run(target, clients, 1);
  const imitated = await run(target, clients, SECONDS);
  await call({ port: BARE_PORT, path: '/answer' }, new URLSearchParams({ answer: JSON.stringify(sample) }));
  await run({ port: BARE_PORT, path: '/token' }, clients, 1);
  const plain = await run({ port: BARE_PORT, path: '/token' }, clients, SECONDS);
  const ratio = (imitated / plain).toFixed(2);
  console.log(
    `${definition.title}: ${Math.round(imitated)} refreshes/s, bare route ${Math.round(plain)}/s, ratio ${ratio}`,
  );
}

/**
 * Sends the parameters of all platforms at once; each reads its own.
 * @param {Definition} definition
 * @param {Target} target
 * @param {string} clientId
 * @returns {Promise<Client>}
 */
async function connect({ authorize, scopes, tokens }, target, clientId) {
  const { host, pathname } = new URL(authorize.url);
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: clientId,
    client_key: clientId,
    redirect_uri: redirectUri,
    scope: tokens.refreshScope ?? Object.keys(scopes)[0] ?? '',
    state: 's',
    code_challenge: createHash('sha256').update(verifier).digest('base64url'),
    code_challenge_method: 'S256',
    sandbox_user: 'happy',
    sandbox_decision: 'approve',
  });
  const back = await fetch(`http://127.0.0.1:${SANDBOX_PORT}/${host}${pathname}?${query}`, { redirect: 'manual' });
  const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? '';
  const client = { clientId, authorization: `Basic ${Buffer.from(`${clientId}:secret`).toString('base64')}` };
  /** @type {Record<string, string>} */
  const fields = { grant_type: 'authorization_code', code, redirect_uri: redirectUri };
  // A verifier where no challenge is taken is an error at some.
  if (authorize.read(Object.fromEntries(query)).challenge) fields.code_verifier = verifier;
  return { ...client, answer: await token(target, client, fields) };
}

/**
 * @param {Target} target
 * @param {Credentials} credentials
 * @param {Record<string, string>} fields
 */
async function token(target, { clientId, authorization }, fields) {
  const form = new URLSearchParams({ client_id: clientId, client_key: clientId, client_secret: 'secret', ...fields });
  const answer = await call(target, form, authorization);
  if (!answer.access_token) throw new Error(`no token: ${JSON.stringify(answer)}`);
  return answer;
}

/**
 * Each client refreshes with the token of its last answer, one call after the other, all clients at once.
 * @param {Target} target
 * @param {Client[]} clients
 * @param {number} seconds
 */
async function run(target, clients, seconds) {
  const until = performance.now() + seconds * 1_000;
  let calls = 0;
  await Promise.all(
    clients.map(async (client) => {
      while (performance.now() < until) {
        client.answer = await token(target, client, {
          grant_type: 'refresh_token',
          refresh_token: client.answer.refresh_token ?? '',
        });
        calls += 1;
      }
    }),
  );
  return calls / seconds;
}

/**
 * @param {Target} target
 * @param {URLSearchParams} form
 * @param {string} [authorization]
 * @returns {Promise<Answer>}
 */
function call({ port, path }, form, authorization = '') {
  const body = form.toString();
  const headers = {
    authorization,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': Buffer.byteLength(body),
  };
  return new Promise((resolve, reject) => {
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      let text = '';
      response
        .setEncoding('utf8')
        .on('data', (chunk) => {
          text += chunk;
        })
        .on('end', () => {
          resolve(JSON.parse(text));
        });
    });
    sent.on('error', reject).end(body);
  });
}

async function serveBare() {
  const { default: fastify } = await import('fastify');
  const { default: formbody } = await import('@fastify/formbody');
  const server = fastify();
  let answer = {};
  await server.register(formbody);
  server.post('/answer', ({ body }) => {
    answer = JSON.parse(fieldOf(body, 'answer'));
    return answer;
  });
  server.post('/token', ({ body }, reply) =>
    reply.header('cache-control', 'no-store').send({ ...answer, refresh_token: fieldOf(body, 'refresh_token') }),
  );
  await server.listen({ host: '127.0.0.1', port: BARE_PORT });
  process.on('disconnect', () => process.exit(0));
  process.send?.('ready');
}

/**
 * A field of a parsed form.
 * @param {unknown} body
 * @param {string} name
 */
function fieldOf(body, name) {
  return String(typeof body === 'object' && body !== null ? Reflect.get(body, name) : '');
}
