import {
  type Attributes,
  context,
  type Context,
  isSpanContextValid,
  propagation,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  NodeTracerProvider,
  type ReadableSpan,
  type SpanExporter,
} from '@opentelemetry/sdk-trace-node';
import type { Logger } from './logger.js';
import type { OpenSpan, SpanAttributes, SpanStart, Tracer } from './spans.js';

/** Milliseconds that the end of a process waits for an endpoint. */
const FLUSH_TIMEOUT_MS = 3_000;
const FAILURE_LOG_INTERVAL_MS = 60_000;

const KINDS = {
  server: SpanKind.SERVER,
  client: SpanKind.CLIENT,
  producer: SpanKind.PRODUCER,
  consumer: SpanKind.CONSUMER,
  internal: SpanKind.INTERNAL,
} as const;

/**
 * Records spans, and sends them in batches over OTLP/HTTP. Endpoint, headers, sampler, limits and batches are those of the
 * standard variables (`OTEL_*`). The queue of spans is bounded: while the endpoint does not answer, further ones are dropped.
 */
export function openTracer(process: string, logger: Logger): Tracer {
  const provider = new NodeTracerProvider({
    resource: defaultResource()
      .merge(resourceFromAttributes({ 'service.namespace': 'evergrant', 'service.name': `evergrant-${process}` }))
      .merge(detectResources({ detectors: [envDetector] })),
    spanProcessors: [new BatchSpanProcessor(new ReportingExporter(new OTLPTraceExporter(), logger))],
  });
  provider.register();
  return new OpenTelemetryTracer(provider);
}

class OpenTelemetryTracer implements Tracer {
  readonly #tracer;

  constructor(private readonly provider: NodeTracerProvider) {
    this.#tracer = provider.getTracer('evergrant');
  }

  open({ name, kind, attributes = {}, parent }: SpanStart): OpenSpan {
    const above = parent === undefined ? context.active() : propagation.extract(ROOT_CONTEXT, { traceparent: parent });
    const span = this.#tracer.startSpan(name, { kind: KINDS[kind], attributes: defined(attributes) }, above);
    return new RecordedSpan(span, trace.setSpan(above, span));
  }

  isInsideSpan(): boolean {
    return trace.getActiveSpan()?.isRecording() === true;
  }

  annotate(attributes: SpanAttributes): void {
    trace.getActiveSpan()?.setAttributes(defined(attributes));
  }

  traceparent(): string | undefined {
    const carrier: { traceparent?: string } = {};
    propagation.inject(context.active(), carrier);
    return carrier.traceparent;
  }

  traceId(): string | undefined {
    const found = trace.getActiveSpan()?.spanContext();
    return found && isSpanContextValid(found) ? found.traceId : undefined;
  }

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, FLUSH_TIMEOUT_MS);
    });
    await Promise.race([this.provider.shutdown().catch(() => undefined), late]);
    clearTimeout(timer);
  }
}

class RecordedSpan implements OpenSpan {
  constructor(
    private readonly span: Span,
    private readonly context: Context,
  ) {}

  enter<Result>(work: () => Result): Result {
    return context.with(this.context, work);
  }

  set(attributes: SpanAttributes): void {
    this.span.setAttributes(defined(attributes));
  }

  end(errorType?: string): void {
    if (errorType !== undefined) {
      this.span.setAttribute('error.type', errorType);
      this.span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.span.end();
  }
}

const defined = (attributes: SpanAttributes): Attributes =>
  Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== undefined));

type Export = SpanExporter['export'];

/** Logs spans that could not be sent, at most once a minute. The error may quote the endpoint's answer, so only its status is logged. */
class ReportingExporter implements SpanExporter {
  #dropped = 0;
  #loggedAt = -FAILURE_LOG_INTERVAL_MS;

  constructor(
    private readonly exporter: OTLPTraceExporter,
    private readonly logger: Logger,
  ) {}

  export(spans: ReadableSpan[], done: Parameters<Export>[1]): void {
    this.exporter.export(spans, (result) => {
      if (result.error) this.#report(spans.length, result.error);
      done(result);
    });
  }

  shutdown(): Promise<void> {
    return this.exporter.shutdown();
  }

  forceFlush(): Promise<void> {
    return this.exporter.forceFlush();
  }

  #report(spans: number, error: Error): void {
    this.#dropped += spans;
    if (performance.now() - this.#loggedAt < FAILURE_LOG_INTERVAL_MS) return;
    this.#loggedAt = performance.now();
    const status = 'code' in error && typeof error.code !== 'object' ? error.code : undefined;
    this.logger.warn({ spans: this.#dropped, error: error.name, status }, 'tracing.spans_not_sent');
    this.#dropped = 0;
  }
}
