import { seconds } from '#config';
import { socketRequest } from './socket-request.js';
import { type ExchangerHealth, exchangerHealth } from './wire.schema.js';

/** How the exchanger is; throws when it does not answer. */
export async function askHealth(socketPath: string): Promise<ExchangerHealth> {
  const { body } = await socketRequest(socketPath, { method: 'GET', path: '/health', within: seconds(2) });
  return exchangerHealth.parse(body);
}
