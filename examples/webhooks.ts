// Node 20 or later, without packages.
// WEBHOOK_SECRET=whsec_… PORT=4000 node webhooks.mjs
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';

const SECRET = process.env.WEBHOOK_SECRET ?? '';
const PORT = Number(process.env.PORT ?? 4_000);
/** Seconds by which the clocks of sender and receiver may differ. */
const TOLERANCE = 300;

/** Verifies the raw body: JSON that was parsed and written again has other bytes. */
function verify(body: Buffer, headers: Record<string, string | string[] | undefined>): boolean {
  const id = String(headers['webhook-id'] ?? '');
  const timestamp = String(headers['webhook-timestamp'] ?? '');
  if (!(Math.abs(Date.now() / 1_000 - Number(timestamp)) <= TOLERANCE)) return false;
  const key = Buffer.from(SECRET.replace(/^whsec_/, ''), 'base64');
  const expected = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest();
  // While a secret is replaced there are two signatures.
  return String(headers['webhook-signature'] ?? '')
    .split(' ')
    .some((signature) => {
      const given = Buffer.from(signature.replace(/^v1,/, ''), 'base64');
      return given.length === expected.length && timingSafeEqual(given, expected);
    });
}

interface Event {
  id: string;
  type: string;
  account_id: string | null;
  sequence: number | null;
  data: Record<string, unknown>;
}

/** Store both in your database, in the transaction of what you do about the event. */
const handled = new Set<string>();
const lastSequence = new Map<string, number>();

/** An event may come twice, with the same id. Those of one account come in order, unless one before was given up. */
function handle(event: Event): string {
  if (handled.has(event.id)) return 'known';
  const { account_id: account, sequence } = event;
  const last = account === null ? undefined : lastSequence.get(account);
  const isOld = sequence !== null && last !== undefined && sequence < last;
  if (account !== null && sequence !== null && !isOld) lastSequence.set(account, sequence);
  handled.add(event.id);
  // A replayed event is older than what you have already: read the account instead of applying it.
  return isOld ? 'old' : 'new';
}

createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const body = Buffer.concat(chunks);
    if (!verify(body, request.headers)) {
      response.writeHead(401).end();
      return;
    }
    const event = JSON.parse(body.toString()) as Event;
    console.log(handle(event), event.type, event.account_id, event.sequence);
    // Answer within 15 seconds; longer work belongs in a queue of yours.
    response.writeHead(204).end();
  });
}).listen(PORT, '127.0.0.1', () => {
  console.log('listening');
});
