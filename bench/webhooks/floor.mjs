// The least that sends in order: claims the heads of free lanes, signs twice, POSTs over connections that stay open, and stores
// the results together. No retry, no check of addresses, no lease, no state of an endpoint.
import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import pg from 'pg';

const MOST = 60;
const SECRET = 'whsec_c2VjcmV0c2VjcmV0c2VjcmV0';
const KEY = Buffer.from(SECRET.slice('whsec_'.length), 'base64');
const CLAIM = `
  with due as (select id from floor_lanes where is_free and next <= last limit $1 for update skip locked),
  claimed as (update floor_lanes lane set is_free = false from due where lane.id = due.id returning lane.id, lane.next)
  select event.lane, event.number, event.body from claimed
  join floor_events event on event.lane = claimed.id and event.number = claimed.next`;
const STORE = `
  with done as (select * from unnest($1::int[], $2::int[]) as done (lane, number)),
  stored as (update floor_events event set delivered_at = now() from done where event.lane = done.lane and event.number = done.number)
  update floor_lanes lane set is_free = true, next = done.number + 1 from done where lane.id = done.lane`;

/** @typedef {{ lane: number, number: number, body: string }} Event */

const [url = '', databaseUrl = ''] = process.argv.slice(2);
const pool = new pg.Pool({ connectionString: databaseUrl, max: 4 });
const agent = new Agent({ keepAlive: true, maxSockets: MOST });
/** @type {Event[]} */
let done = [];
let running = 0;
let isStoring = false;

/** @param {Event} event @returns {Promise<void>} */
const post = ({ lane, number, body }) =>
  new Promise((resolve, reject) => {
    const id = `evt_${lane}_${number}`;
    const timestamp = Math.floor(Date.now() / 1_000);
    const standard = createHmac('sha256', KEY).update(`${id}.${timestamp}.${body}`).digest('base64');
    const simple = createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('hex');
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      'webhook-id': id,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${standard}`,
      'dravo-signature': `t=${timestamp},v1=${simple}`,
    };
    request(url, { method: 'POST', agent, headers }, (answer) => answer.resume().on('end', resolve))
      .on('error', reject)
      .end(body);
  });

async function store() {
  if (isStoring) return;
  isStoring = true;
  while (done.length > 0) {
    const batch = done;
    done = [];
    await pool.query(STORE, [batch.map(({ lane }) => lane), batch.map(({ number }) => number)]);
    running -= batch.length;
  }
  isStoring = false;
}

for (;;) {
  const { rows } = await pool.query({ name: 'claim', text: CLAIM, values: [MOST - running] });
  running += rows.length;
  for (const event of rows) {
    void post(event).then(() => {
      done.push(event);
      return store();
    });
  }
  if (rows.length === 0 && running === 0) break;
  // The next claim finds what is stored until then.
  await new Promise((resolve) => setTimeout(resolve, rows.length === 0 ? 1 : 0));
}
await pool.end();
agent.destroy();
