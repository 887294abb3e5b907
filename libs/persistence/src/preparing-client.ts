import type { Writable } from 'node:stream';
import { Client, type QueryConfig } from 'pg';

/** The source has some hundreds of statements. Further ones are not prepared. */
const MAX_PREPARED_STATEMENTS = 500;
const names = new Map<string, string>();

/**
 * A connection that prepares its statements: those with values are parsed and planned once, which costs more than running
 * them. Statements of one tick are sent in one write.
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
  if (known !== undefined || names.size >= MAX_PREPARED_STATEMENTS) return known;
  const name = `s${names.size}`;
  names.set(statement, name);
  return name;
}
