// The least that any client does: sends a request, reads the answer, writes it to a file and forces it to disk.
import { openSync, fdatasyncSync, writeSync } from 'node:fs';
import { request } from 'node:http';

const [, , url, path] = process.argv;
const file = openSync(String(path), 'a');

process.on('message', (token) => {
  const body = new URLSearchParams({ grant_type: 'refresh_token', refresh_token: String(token) }).toString();
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const outgoing = request(String(url), { method: 'POST', headers }, (response) => {
    /** @type {Buffer[]} */
    const chunks = [];
    response.on('data', (chunk) => chunks.push(chunk));
    response.once('end', () => {
      writeSync(file, Buffer.concat(chunks));
      fdatasyncSync(file);
      process.send?.('stored');
    });
  });
  outgoing.end(body);
});
process.once('disconnect', () => process.exit(0));
process.send?.('ready');
