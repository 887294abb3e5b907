import type { Rewriting } from '../authorization-servers/contract.js';

/** The processes that a fault can hit. */
export type Target = 'worker' | 'api' | 'exchanger';

export type Signal = 'SIGKILL' | 'SIGTERM';

/** Places in an exchange at which a process can be made to crash (docs/refresh.md, crash windows). */
export type CrashPoint = 'W1' | 'W2' | 'W3' | 'W4' | 'W5' | 'W6' | 'W7';

/** How a connection to the platform breaks. */
export type WireFault = 'drop' | 'reset' | 'stall' | 'split';

/** The error answers of a platform; `after`: it has rotated before. */
export type ErrorShape =
  | 'http_500'
  | 'http_503_html'
  | 'http_502_after'
  | 'http_504_after'
  | 'wrong_json_after'
  | 'torn_json_after'
  | 'unlisted_refusal'
  | 'http_429'
  | 'empty_200'
  | 'wrong_json'
  | 'invalid_client'
  | 'http_403_html';

/** The endpoints at which a platform refuses every person by mistake. */
export type RefusedAt = 'token' | 'userinfo' | 'both';

/** What happens to the folder of the journal: it is lost, an earlier copy takes its place, or a second exchanger uses a copy. */
export type JournalFault = 'lost' | 'rolled_back' | 'copied';

/** The master keys of the next starts of the exchanger: another key under the same id, none, or the key of another id. */
export type KeyFault = 'wrong' | 'missing' | 'renamed';

/** One thing that goes wrong. Times are milliseconds. */
export type Fault =
  | { kind: 'signal'; target: Target; signal: Signal; which: number }
  | { kind: 'freeze'; target: Target; which: number; lasts: number }
  | { kind: 'postgres'; away: number }
  | { kind: 'redis'; away: number }
  | { kind: 'flushall' }
  | { kind: 'wire'; how: WireFault; afterBytes: number; lasts: number }
  | { kind: 'slow'; answer: number; lasts: number }
  | { kind: 'errors'; shape: ErrorShape; lasts: number }
  | { kind: 'rewrites'; how: Rewriting; lasts: number }
  | { kind: 'refusals'; at: RefusedAt; lasts: number }
  | { kind: 'clock'; target: Target | 'database'; ahead: number; lasts: number }
  | { kind: 'disk'; lasts: number }
  | { kind: 'journal'; how: JournalFault; lasts: number }
  | { kind: 'failover'; behind: number }
  | { kind: 'commits'; lasts: number }
  | { kind: 'keys'; how: KeyFault; lasts: number }
  | { kind: 'seals'; grants: number; lasts: number }
  | { kind: 'crash'; point: CrashPoint; occurrence: number };

/** A fault and how long to wait before it. */
export interface PlannedFault {
  pause: number;
  fault: Fault;
}

/** Describes a fault for the log of a run. */
export function describeFault(fault: Fault): string {
  const { kind, ...details } = fault;
  return [kind, ...Object.entries(details).map(([name, value]) => `${name}=${value}`)].join(' ');
}
