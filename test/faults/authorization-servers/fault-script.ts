import type { ServerResponse } from 'node:http';
import type { Fault, FaultyEndpoint } from './contract.js';

/** What goes wrong next, and the answers that are delayed because of it. */
export class FaultScript {
  readonly #scripts: Record<FaultyEndpoint, (Fault | null)[]> = { token: [], userinfo: [] };
  readonly #always: Record<FaultyEndpoint, Fault | null> = { token: null, userinfo: null };
  readonly #seen = new Set<string>();
  readonly #hanging = new Set<ServerResponse>();

  script(endpoint: FaultyEndpoint, faults: (Fault | null)[]): void {
    this.#scripts[endpoint].push(...faults);
  }

  always(endpoint: FaultyEndpoint, fault: Fault | null): void {
    this.#always[endpoint] = fault;
  }

  /** The fault of the request that has just come, with the fingerprint of its refresh token; null: none. */
  next(endpoint: FaultyEndpoint, key?: string): Fault | null {
    const scripted = this.#scripts[endpoint].shift();
    const fault = scripted === undefined ? this.#always[endpoint] : scripted;
    const isRepeated = key !== undefined && this.#seen.has(key);
    if (key !== undefined) this.#seen.add(key);
    const isSpared = isForFirstUse(fault) && (isRepeated || this.#seen.size % (fault.oneIn ?? 1) !== 0);
    return isSpared ? null : fault;
  }

  /** Answers, or does not, as the fault defines. */
  strike(response: ServerResponse, fault: Fault): void {
    if (fault.kind === 'answer') response.writeHead(fault.status, fault.headers).end(fault.body ?? '');
    if (fault.kind === 'reset') response.socket?.resetAndDestroy();
    if (fault.kind === 'hang') this.#hold(response);
  }

  heal(): void {
    for (const endpoint of ['token', 'userinfo'] as const) {
      this.#scripts[endpoint] = [];
      this.#always[endpoint] = null;
    }
    for (const response of this.#hanging) response.socket?.resetAndDestroy();
  }

  #hold(response: ServerResponse): void {
    this.#hanging.add(response);
    response.once('close', () => this.#hanging.delete(response));
  }
}

type Answer = Extract<Fault, { kind: 'answer' }>;

const isForFirstUse = (fault: Fault | null): fault is Answer => fault?.kind === 'answer' && fault.first === true;

/** The faults that stand in place of an answer. Slow and rewritten answers are right ones. */
type Replacing = Exclude<Fault, { kind: 'slow' | 'rewrite' }>;

/** Whether it strikes here, in place of an answer. */
export const strikesAt = (fault: Fault | null, when: 'before' | 'after'): fault is Replacing =>
  fault !== null && fault.kind !== 'slow' && fault.kind !== 'rewrite' && (fault.when ?? 'before') === when;

/** Milliseconds by which it makes the answer late at this moment. */
export const latenessAt = (fault: Fault | null, when: 'before' | 'after'): number =>
  fault?.kind === 'slow' && (fault.when ?? 'before') === when ? fault.seconds * 1_000 : 0;
