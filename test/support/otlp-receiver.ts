import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface ReceivedSpan {
  /** `evergrant-api` */
  service: string;
  name: string;
  traceId: string;
  spanId: string;
  parentSpanId: string;
  attributes: Record<string, string | number>;
}

/** An endpoint that takes spans over OTLP/HTTP (protobuf), as a collector does. */
export class OtlpReceiver {
  readonly #bodies: Buffer[] = [];
  readonly #server = createServer((request, response) => void this.#receive(request, response));
  #hangs = false;

  private constructor() {
    this.#server.listen(0, '127.0.0.1');
  }

  static async open(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await once(receiver.#server, 'listening');
    return receiver;
  }

  /** For OTEL_EXPORTER_OTLP_ENDPOINT. */
  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Everything that came, as it came. */
  get bytes(): Buffer {
    return Buffer.concat(this.#bodies);
  }

  get spans(): ReceivedSpan[] {
    return this.#bodies.flatMap(readSpans);
  }

  /** Takes requests from now on, and answers none. */
  hang(): void {
    this.#hangs = true;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #receive(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    this.#bodies.push(request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body);
    if (!this.#hangs) response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }
}

/** The fields of a protobuf message by number: bytes of a length, or a number. */
type Message = Map<number, (Buffer | number)[]>;

/** Reads one message (https://protobuf.dev/programming-guides/encoding/). */
function readMessage(bytes: Buffer): Message {
  const fields: Message = new Map();
  let at = 0;
  const varint = (): number => {
    let [value, shift] = [0, 1];
    for (;;) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
      shift *= 128;
    }
  };
  const take = (length: number): Buffer => bytes.subarray(at, (at += length));
  while (at < bytes.length) {
    const tag = varint();
    const kind = tag & 7;
    const value = kind === 0 ? varint() : take(kind === 1 ? 8 : kind === 5 ? 4 : varint());
    fields.set(tag >>> 3, [...(fields.get(tag >>> 3) ?? []), value]);
  }
  return fields;
}

const messages = (message: Message, field: number): Message[] =>
  (message.get(field) ?? []).map((value) => readMessage(value as Buffer));
const bytesOf = (message: Message, field: number): Buffer =>
  (message.get(field)?.[0] as Buffer | undefined) ?? Buffer.alloc(0);

/** ExportTraceServiceRequest (opentelemetry-proto 1.x, trace.proto). */
function readSpans(body: Buffer): ReceivedSpan[] {
  return messages(readMessage(body), 1).flatMap((ofProcess) => {
    const service = String(messages(ofProcess, 1).map((resource) => attributesOf(resource, 1))[0]?.['service.name']);
    const spans = messages(ofProcess, 2).flatMap((scope) => messages(scope, 2));
    return spans.map((span) => ({
      service,
      name: bytesOf(span, 5).toString(),
      traceId: bytesOf(span, 1).toString('hex'),
      spanId: bytesOf(span, 2).toString('hex'),
      parentSpanId: bytesOf(span, 4).toString('hex'),
      attributes: attributesOf(span, 9),
    }));
  });
}

function attributesOf(message: Message, field: number): Record<string, string | number> {
  return Object.fromEntries(
    messages(message, field).map((pair) => {
      const [value] = messages(pair, 2);
      const number = value?.get(3)?.[0];
      return [
        bytesOf(pair, 1).toString(),
        typeof number === 'number' ? number : bytesOf(value ?? new Map(), 1).toString(),
      ];
    }),
  );
}
