import { seconds } from '#config';
import { Secret } from '#observability';
import { CallConnection } from './call-connection.js';
import { type ExchangerHealth, exchangerHealth, exchangerMetrics } from './wire.schema.js';

/** How the exchanger is; throws when it does not answer. */
export async function askHealth(socketPath: string): Promise<ExchangerHealth> {
  return exchangerHealth.parse(await look(socketPath, 'health'));
}

/** Its numbers in Prometheus' text format; throws when it does not answer. */
export async function askMetrics(socketPath: string): Promise<string> {
  return exchangerMetrics.parse(await look(socketPath, 'metrics'));
}

/** On a connection of its own: whether one can be had is part of the answer. */
async function look(socketPath: string, name: string): Promise<unknown> {
  const connection = await CallConnection.open(socketPath);
  try {
    const { outcome } = await connection.call({ name, input: new Secret('{}'), within: seconds(2) });
    return outcome;
  } finally {
    connection.close();
  }
}
