import type { Environment } from '#persistence';
import type { PlatformRequest } from '#providers';
import type { Exchanger, TokenContext } from '#tokens';
import { ExchangeEngine } from '../../libs/exchanger/src/exchange/exchange-engine.js';
import type { ExchangerContext } from '../../libs/exchanger/src/exchanger-context.js';
import { callsTo } from '../../libs/exchanger/src/server/calls.js';
import type { Connection, SocketCall } from '../../libs/tokens/src/exchange/connection.js';
import { ExchangeClient } from '../../libs/tokens/src/exchange/client.js';
import { NotSent, PlatformClient } from '../../libs/tokens/src/platform-client.js';
import type { PlatformConnection } from '../../libs/tokens/src/platform-connection.js';
import type { ExchangerHealth, Reply } from '../../libs/tokens/src/exchange/wire.schema.js';
import { NoJournal, NoMetrics, OpenGate } from './exchanger-doubles.js';

let contexts = 0;

/** An exchanger inside the calling process. */
export const inProcessExchanger = (context: TokenContext): Exchanger => exchangerOf(inProcessContext(context));

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Reaches the sandbox and servers of a test, and no platform: creating a live app checks it at its platform. */
class LoopbackClient extends PlatformClient {
  constructor(private readonly client: PlatformClient) {
    super('');
  }

  override async connect(request: PlatformRequest, environment: Environment): Promise<PlatformConnection> {
    if (environment === 'live' && !LOOPBACK.test(new URL(request.reveal().url).hostname))
      throw new NotSent(request.toString());
    return this.client.connect(request, environment);
  }
}

/** What such an exchanger works with: without journal, gate and metrics, and without a way to the platforms. */
export const inProcessContext = (context: TokenContext): ExchangerContext => ({
  ...context,
  client: new LoopbackClient(context.client),
  holder: `test/${(contexts += 1)}`,
  journal: new NoJournal(),
  gate: new OpenGate(),
  metrics: new NoMetrics(),
});

export const exchangerOf = (context: ExchangerContext): Exchanger =>
  new ExchangeClient(new InProcessConnection(new ExchangeEngine(context)), context.logger);

const HEALTH: ExchangerHealth = { status: 'ok', inProgress: 0, journalWritable: true, journalLasts: true };

/** Calls and outcomes pass through the wire format all the same, so that what production could not send fails here too. */
class InProcessConnection implements Connection {
  readonly #calls: ReturnType<typeof callsTo>;

  constructor(private readonly exchange: ExchangeEngine) {
    this.#calls = callsTo(exchange);
  }

  async call({ name, input }: SocketCall): Promise<Reply> {
    const begun = this.#calls.get(name)?.(JSON.parse(input.reveal()));
    if (!begun) return { id: 0, error: 'invalid' };
    return { id: 0, outcome: JSON.parse(JSON.stringify(await begun)) as unknown };
  }

  inspect(name: 'health' | 'metrics'): Promise<unknown> {
    return Promise.resolve(name === 'health' ? HEALTH : '');
  }

  drain(): Promise<void> {
    return this.exchange.drain();
  }
}
