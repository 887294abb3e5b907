import type { Socket } from 'node:net';
import { type Duration, seconds } from '#config';
import { AddressRule } from './address-rule.js';
import { ConnectError, type Connector, connectSocket, connectToOne } from './connect.js';
import { type Answer, exchange, ExchangeError, type OutboundRequest } from './exchange.js';
import { resolveName, type Resolver } from './resolve.js';
import { type OutboundRefusal, readTarget, type Target } from './target.js';

type FailureCode = 'timeout' | 'dns' | 'connect' | 'tls' | 'reset' | 'malformed_answer';

export type OutboundOutcome = { durationMs: number } & (
  | ({ kind: 'answered' } & Answer)
  /** No request was sent, and no refused address was connected to. */
  | { kind: 'refused'; reason: OutboundRefusal }
  | { kind: 'failed'; code: FailureCode }
);
type Outcome = OutboundOutcome extends infer One ? (One extends unknown ? Omit<One, 'durationMs'> : never) : never;

export interface OutboundOptions {
  /** Addresses and ranges that may be called although they are not global unicast. */
  allowCidrs: readonly string[];
  connect?: Connector;
  resolve?: Resolver;
  /** From the start of a call to the last byte that is read. */
  totalTimeout?: Duration;
  /** Resolution, connection and TLS handshake together. */
  connectTimeout?: Duration;
}

interface Rule {
  /** Whether plain http may be called too. */
  allowHttp: boolean;
}

const REFUSED_ADDRESS = { kind: 'refused', reason: 'address' } as const;
const failed = (code: FailureCode) => ({ kind: 'failed', code }) as const;

/** Calls URLs that tenants name. One rule decides when a URL is stored (`check`) and when it is called (`send`). */
export class OutboundClient {
  private readonly rule: AddressRule;
  private readonly connector: Connector;
  private readonly resolver: Resolver;
  private readonly totalTimeout: Duration;
  private readonly connectTimeout: Duration;
  private readonly running = new Set<Promise<unknown>>();
  private closed = false;

  constructor({ allowCidrs, connect, resolve, totalTimeout, connectTimeout }: OutboundOptions) {
    this.rule = new AddressRule(allowCidrs);
    this.connector = connect ?? connectSocket;
    this.resolver = resolve ?? resolveName;
    this.totalTimeout = totalTimeout ?? seconds(15);
    this.connectTimeout = connectTimeout ?? seconds(5);
  }

  /** Why a URL may not be called, as far as it is known now: a name that does not resolve is accepted. */
  async check(url: string, { allowHttp }: Rule): Promise<OutboundRefusal | undefined> {
    const target = readTarget(url, allowHttp);
    if (typeof target === 'string') return target;
    const addresses = await within(this.connectTimeout, (signal) => this.addressesOf(target, signal));
    return addresses === 'refused' ? 'address' : undefined;
  }

  /** Never throws for what the other side does. A redirect is an answer like any other. */
  async send(request: OutboundRequest, rule: Rule): Promise<OutboundOutcome> {
    if (this.closed) throw new Error('The client is closed.');
    const start = performance.now();
    const work = within(this.totalTimeout, (signal) => this.call(request, rule, signal));
    this.running.add(work);
    try {
      return { ...(await work), durationMs: Math.round(performance.now() - start) };
    } finally {
      this.running.delete(work);
    }
  }

  /** Accepts no further calls, and waits for the running ones, at most their total time. */
  async close(): Promise<void> {
    this.closed = true;
    await Promise.allSettled(this.running);
  }

  private async call(request: OutboundRequest, { allowHttp }: Rule, signal: AbortSignal): Promise<Outcome> {
    const target = readTarget(request.url, allowHttp);
    if (typeof target === 'string') return { kind: 'refused', reason: target };
    const socket = await within(this.connectTimeout, (limit) => this.connect(target, AbortSignal.any([signal, limit])));
    if ('kind' in socket) return socket;
    try {
      return { kind: 'answered', ...(await exchange(socket, target, request, signal)) };
    } catch (error) {
      if (signal.aborted) return failed('timeout');
      if (error instanceof ExchangeError) return failed(error.code);
      throw error;
    }
  }

  /** Resolves and connects in one step: what was checked is what is dialled, whatever the name resolves to later. */
  private async connect(target: Target, signal: AbortSignal): Promise<Socket | Outcome> {
    const addresses = await this.addressesOf(target, signal);
    if (addresses === 'refused') return REFUSED_ADDRESS;
    if (addresses.length === 0) return failed('dns');
    try {
      const socket = await connectToOne(target, addresses, this.connector, signal);
      if (this.rule.accepts(socket.remoteAddress ?? '')) return socket;
      socket.destroy();
      return REFUSED_ADDRESS;
    } catch (error) {
      if (signal.aborted) return failed('timeout');
      return failed(error instanceof ConnectError ? error.code : 'connect');
    }
  }

  /** All addresses of the target, `refused` where one of them may not be called; none where the name does not resolve in time. */
  private async addressesOf({ host, isLiteral }: Target, signal: AbortSignal): Promise<readonly string[] | 'refused'> {
    const addresses = isLiteral ? [host] : await unlessAborted(this.resolver(host, signal), signal).catch(() => []);
    return addresses.every((address) => this.rule.accepts(address)) ? addresses : 'refused';
  }
}

async function within<Result>(limit: Duration, work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const timer = setTimeout(() => {
    controller.abort();
  }, limit);
  try {
    return await work(controller.signal);
  } finally {
    clearTimeout(timer);
  }
}

/** The result of work that may not listen to the signal. */
function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    signal.addEventListener(
      'abort',
      () => {
        reject(new ConnectError('connect'));
      },
      { once: true },
    );
    work.then(resolve, reject);
  });
}
