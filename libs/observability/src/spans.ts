import { codeOf } from './coded-error.js';

/**
 * Everything that a span may hold: ids, names and counts. A URL, a header, a body, a statement or the message of an error has
 * no attribute here, since each of them may contain a secret: a callback has its code and its state in the URL.
 */
export interface SpanAttributes {
  'http.request.method'?: string | undefined;
  /** The template of the route. */
  'http.route'?: string | undefined;
  'http.response.status_code'?: number | undefined;
  /** Host name of a platform. */
  'server.address'?: string | undefined;
  'db.system.name'?: 'postgresql' | undefined;
  'db.operation.name'?: string | undefined;
  'db.collection.name'?: string | undefined;
  'messaging.system'?: 'bullmq' | undefined;
  'messaging.operation.type'?: 'send' | 'process' | undefined;
  'messaging.batch.message_count'?: number | undefined;
  'error.type'?: string | undefined;
  'evergrant.request.id'?: string | undefined;
  'evergrant.account.id'?: string | undefined;
  'evergrant.grant.id'?: string | undefined;
  'evergrant.attempt.id'?: string | undefined;
  'evergrant.oauth_app.id'?: string | undefined;
  'evergrant.revocation.id'?: string | undefined;
  'evergrant.provider'?: string | undefined;
  'evergrant.outcome'?: string | undefined;
  'evergrant.job'?: string | undefined;
  'evergrant.job.attempt'?: number | undefined;
}

export interface SpanStart {
  name: string;
  kind: 'server' | 'client' | 'producer' | 'consumer' | 'internal';
  attributes?: SpanAttributes;
  /** The `traceparent` of a caller in another process (W3C Trace Context). Default: the active span of this process. */
  parent?: string | undefined;
}

/** A span that has started. */
export interface OpenSpan {
  /** Runs work with this span as the active one. */
  enter<Result>(work: () => Result): Result;
  set(attributes: SpanAttributes): void;
  /** With an error type, the span counts as failed. */
  end(errorType?: string): void;
}

/** What records spans, where an endpoint is set. */
export interface Tracer {
  open(start: SpanStart): OpenSpan;
  /** Whether the active span records: it is sampled and has not ended. */
  isInsideSpan(): boolean;
  annotate(attributes: SpanAttributes): void;
  /** The ids of the active span. */
  traceparent(): string | undefined;
  traceId(): string | undefined;
  /** Sends what is recorded, within a limited time. */
  close(): Promise<void>;
}

let tracer: Tracer | undefined;

/** Sets what records the spans of this process; returns what did before. */
export function setTracer(next: Tracer | undefined): Tracer | undefined {
  const former = tracer;
  tracer = next;
  return former;
}

export const isTracing = (): boolean => tracer !== undefined;

/** Starts a span below the active one; undefined without tracing, and outside of any span. */
export const openChildSpan = (start: () => SpanStart): OpenSpan | undefined =>
  tracer?.isInsideSpan() ? tracer.open(start()) : undefined;

/** Starts a span; undefined without tracing. */
export const openSpan = (start: SpanStart): OpenSpan | undefined => tracer?.open(start);

/** Runs work in a span. The span of a failure has the code or the class of the error, not its message. */
export function inSpan<Result>(start: SpanStart, work: () => Promise<Result>): Promise<Result> {
  const span = tracer?.open(start);
  return span ? span.enter(() => endWith(span, work())) : work();
}

/** The same, except that work outside of any span gets none: statements of sweeps would make a trace each. */
export function inChildSpan<Result>(start: () => SpanStart, work: () => Promise<Result>): Promise<Result> {
  return tracer?.isInsideSpan() ? inSpan(start(), work) : work();
}

/** Ends the span when the work ends; returns the work. */
export function endWith<Result>(span: OpenSpan, work: Promise<Result>): Promise<Result> {
  void work.then(
    () => {
      span.end();
    },
    (error: unknown) => {
      span.end(errorTypeOf(error));
    },
  );
  return work;
}

/** Sets attributes of the active span. */
export function annotateSpan(attributes: SpanAttributes): void {
  tracer?.annotate(attributes);
}

/** The `traceparent` for another process; undefined without tracing or outside of a span. */
export const currentTraceparent = (): string | undefined => tracer?.traceparent();

/** The field of a log line that names the trace it belongs to. */
export function traceFields(): { traceId?: string } {
  const traceId = tracer?.traceId();
  return traceId === undefined ? {} : { traceId };
}

const errorTypeOf = (error: unknown): string => codeOf(error) ?? (error instanceof Error ? error.name : 'unknown');
