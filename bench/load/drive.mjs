import { connect } from 'node:net';
import { percentileOf } from '../surfaces/timing.mjs';

export const CONNECTIONS = 16;

/**
 * What one connection sends again and again. `body` is JSON.
 * @typedef {{ url: string, path: string, method?: string, key?: string, body?: string }} Request
 * @typedef {Request | (() => Request)} RequestSource a function for requests that differ
 * @typedef {{ callsPerSecond: number, p50: number, p99: number }} Figures milliseconds
 * @typedef {{ rounds: number, seconds: number }} Effort
 */

/**
 * Sends each kind of request over 16 connections for some seconds, in turns, so that all kinds meet the same noise. The first
 * half second of each turn warms up. A connection sends its next request when the last is answered; each answer must be a 2xx.
 * @template {string} Name
 * @param {Record<Name, RequestSource>} kinds
 * @param {Effort} effort
 * @returns {Promise<Record<Name, Figures>>}
 */
export async function driveInTurns(kinds, { rounds, seconds }) {
  const names = /** @type {Name[]} */ (Object.keys(kinds));
  /** @type {Map<Name, number[]>} */
  const times = new Map(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    // Alternately forwards and backwards: the second of two kinds finds warmer caches.
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      await drive(kinds[name], 0.5);
      for (const time of await drive(kinds[name], seconds)) times.get(name)?.push(time);
    }
  }
  const figures = names.map((name) => [name, figuresOf(times.get(name) ?? [], rounds * seconds)]);
  return Object.fromEntries(figures);
}

/** @param {number[]} times @param {number} seconds @returns {Figures} */
const figuresOf = (times, seconds) => ({
  callsPerSecond: times.length / seconds,
  p50: percentileOf(times, 0.5),
  p99: percentileOf(times, 0.99),
});

/** @param {RequestSource} source @param {number} seconds @returns {Promise<number[]>} milliseconds of each call */
async function drive(source, seconds) {
  const next = typeof source === 'function' ? source : () => source;
  const end = performance.now() + seconds * 1_000;
  /** @type {number[]} */
  const times = [];
  await Promise.all(Array.from({ length: CONNECTIONS }, () => converse(next, end, times)));
  return times;
}

/**
 * Plain sockets: a client of node:http costs as much as the handler that is measured.
 * @param {() => Request} next
 * @param {number} end
 * @param {number[]} times
 * @returns {Promise<void>}
 */
function converse(next, end, times) {
  const { hostname, port } = new URL(next().url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    const answers = new AnswerReader();
    let begun = 0;
    const send = () => {
      begun = performance.now();
      socket.write(written(next()));
    };
    socket.on('connect', send).on('error', reject);
    socket.on('data', (data) => {
      const problem = answers.add(data);
      if (problem !== undefined) return socket.destroy(new Error(problem));
      if (!answers.isComplete) return undefined;
      const now = performance.now();
      times.push(now - begun);
      if (now < end) return send();
      socket.end();
      return resolve();
    });
  });
}

/** @param {Request} request */
function written({ url, path, method = 'GET', key, body }) {
  const lines = [`${method} ${path} HTTP/1.1`, `host: ${new URL(url).host}`];
  if (key !== undefined) lines.push(`authorization: Bearer ${key}`);
  if (body !== undefined) lines.push('content-type: application/json', `content-length: ${Buffer.byteLength(body)}`);
  return `${lines.join('\r\n')}\r\n\r\n${body ?? ''}`;
}

/** Reads answers with a content-length, one after another. */
class AnswerReader {
  isComplete = true;
  #head = '';
  #left = 0;

  /** @param {Buffer} data @returns {string | undefined} what is wrong with the answer */
  add(data) {
    if (this.isComplete) {
      this.#head = '';
      this.#left = -1;
      this.isComplete = false;
    }
    if (this.#left >= 0) return this.#take(data.length);
    this.#head += data.toString('latin1');
    const end = this.#head.indexOf('\r\n\r\n');
    if (end < 0) return undefined;
    const length = /\r\ncontent-length: (\d+)/i.exec(this.#head)?.[1];
    if (!this.#head.startsWith('HTTP/1.1 2') || length === undefined) return this.#head;
    this.#left = Number(length);
    return this.#take(this.#head.length - end - 4);
  }

  /** @param {number} bytes @returns {undefined} */
  #take(bytes) {
    this.#left -= bytes;
    this.isComplete = this.#left <= 0;
    return undefined;
  }
}
