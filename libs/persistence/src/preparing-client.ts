import { AsyncResource } from 'node:async_hooks';
import type { Writable } from 'node:stream';
import { Client, type Pool, type QueryConfig } from 'pg';
import { codeOf, endWith, isTracing, openChildSpan, type SpanStart } from '#observability';

/** The source has some hundreds of statements. Further ones are not prepared. */
const MAX_PREPARED_STATEMENTS = 500;
const names = new Map<string, string>();

/**
 * A connection that prepares its statements: those with values are parsed and planned once, which costs more than running
 * them. Statements of one tick are sent in one write.
 */
export class PreparingClient extends Client {
  override query = ((...args: unknown[]) => {
    this.gather();
    const query = super.query.bind(this) as (...args: unknown[]) => unknown;
    return inStatementSpan(args, (given) => query(...prepared(given)));
  }) as Client['query'];

  private gather(): void {
    const { stream } = this.connection as unknown as { stream: Writable };
    stream.cork();
    process.nextTick(() => {
      stream.uncork();
    });
  }
}

function prepared([statement, values, callback]: unknown[]): unknown[] {
  if (typeof statement !== 'string' || !Array.isArray(values) || values.length === 0)
    return [statement, values, callback];
  const config: QueryConfig = { name: nameOf(statement), text: statement, values };
  return [config, callback];
}

function nameOf(statement: string): string | undefined {
  const known = names.get(statement);
  if (known !== undefined || names.size >= MAX_PREPARED_STATEMENTS) return known;
  const name = `s${names.size}`;
  names.set(statement, name);
  return name;
}

/** Sends a statement; in a span, where one is active. */
function inStatementSpan(args: unknown[], send: (args: unknown[]) => unknown): unknown {
  const [statement] = args;
  const span = typeof statement === 'string' ? openChildSpan(() => spanOf(statement)) : undefined;
  if (!span) return send(args);
  const at = args.findIndex((arg) => typeof arg === 'function');
  if (at < 0) return endWith(span, send(args) as Promise<unknown>);
  const callback = args[at] as (error: unknown, result: unknown) => void;
  const ending = (error: unknown, result: unknown): void => {
    span.end(error ? (codeOf(error) ?? 'unknown') : undefined);
    callback(error, result);
  };
  return send(args.with(at, ending));
}

const spans = new Map<string, SpanStart>();
const TABLE = /\b(?:insert\s+into|update|delete\s+from|from)\s+(?:only\s+)?"?([a-z_]+)/i;

/** The span of a statement has its first word and its first table, never its text or its values. */
function spanOf(statement: string): SpanStart {
  const known = spans.get(statement);
  if (known) return known;
  const operation = /[a-z]+/i.exec(statement)?.[0].toUpperCase() ?? '';
  const table = TABLE.exec(statement)?.[1];
  const start: SpanStart = {
    name: table === undefined ? operation : `${operation} ${table}`,
    kind: 'client',
    attributes: { 'db.system.name': 'postgresql', 'db.operation.name': operation, 'db.collection.name': table },
  };
  if (spans.size < MAX_PREPARED_STATEMENTS) spans.set(statement, start);
  return start;
}

/**
 * Makes a pool call a waiting caller back in the caller's own span: it does so in that of the caller that releases the
 * connection.
 */
export function keepSpans(pool: Pool): void {
  if (!isTracing()) return;
  const connect = pool.connect.bind(pool) as (callback?: () => void) => unknown;
  pool.connect = ((callback?: () => void) =>
    callback ? connect(AsyncResource.bind(callback)) : connect()) as Pool['connect'];
}
