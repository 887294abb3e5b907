import type { Writable } from 'node:stream';
import { Client, type QueryConfig } from 'pg';

/** Statements are written once in the source, so there are some hundreds; whatever comes after those is planned each time. */
const MOST = 500;
const names = new Map<string, string>();

/**
 * A connection for the same statements again and again. Those with values are parsed and planned once, which costs more than
 * to run them, and what is asked in one tick goes out in one write.
 */
export class PreparingClient extends Client {
  override query = ((statement: unknown, values?: unknown, callback?: unknown) => {
    this.gather();
    const query = super.query.bind(this) as (...args: unknown[]) => unknown;
    if (typeof statement !== 'string' || !Array.isArray(values) || values.length === 0)
      return query(statement, values, callback);
    const config: QueryConfig = { name: nameOf(statement), text: statement, values };
    return query(config, callback);
  }) as Client['query'];

  private gather(): void {
    const { stream } = this.connection as unknown as { stream: Writable };
    stream.cork();
    process.nextTick(() => {
      stream.uncork();
    });
  }
}

function nameOf(statement: string): string | undefined {
  const known = names.get(statement);
  if (known !== undefined || names.size >= MOST) return known;
  const name = `s${names.size}`;
  names.set(statement, name);
  return name;
}
