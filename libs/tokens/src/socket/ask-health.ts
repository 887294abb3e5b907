import { seconds } from '#config';
import { parseJson } from './read-text.js';
import { type SocketAnswer, socketRequest } from './socket-request.js';
import { type ExchangerHealth, exchangerHealth } from './wire.schema.js';

/** How the exchanger is; throws when it does not answer. */
export async function askHealth(socketPath: string): Promise<ExchangerHealth> {
  const { text } = await look(socketPath, '/health');
  return exchangerHealth.parse(parseJson(text));
}

/** Its numbers in Prometheus' text format; throws when it does not answer. */
export async function askMetrics(socketPath: string): Promise<string> {
  const { text } = await look(socketPath, '/metrics');
  return text ?? '';
}

const look = (socketPath: string, path: string): Promise<SocketAnswer> =>
  socketRequest(socketPath, { method: 'GET', path, within: seconds(2) });
