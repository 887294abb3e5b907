import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyReply } from 'fastify';
import type { Duration } from '#config';
import type { Logger } from '#observability';
import type { CallNotes, EndpointName, Platform, SandboxDefinition } from '#providers/sandbox';
import type { CallRecord } from '../memory/call-log.js';
import { type Fault, replacesTheAnswer, replacesTheCall } from '../memory/faults.js';
import type { Memory } from '../memory/memory.js';
import { type CallResult, type Effects, recordOf } from './record-call.js';

export interface Sandbox {
  readonly memory: Memory;
  readonly logger: Logger;
  /** The sandbox's own origin, for pictures. */
  readonly url: string;
}

export interface Call {
  readonly definition: SandboxDefinition;
  readonly endpoint: EndpointName;
  /** The header, where there is one. */
  readonly authorization?: string | undefined;
  readonly carryOut: (platform: Platform) => CallResult;
}

/** One call from arrival to answer: fault or work, the log, the disk, the wait; then the answer, or a cut connection. */
export async function runCall(
  sandbox: Sandbox,
  { definition, endpoint, authorization, carryOut }: Call,
  reply: FastifyReply,
): Promise<unknown> {
  const { memory } = sandbox;
  const provider = definition.name;
  const fault = memory.faults.take(provider, endpoint);
  const platform = platformFor(sandbox, definition);
  const { notes } = platform;
  const result = fault && replacesTheCall(fault) ? answerOf(fault) : carryOut(platform);
  const effects = effectsOf(notes, fault);
  logCall(sandbox.logger, memory.calls.add(recordOf({ provider, endpoint, notes, result, effects, authorization })));
  await memory.keep();
  if (effects.delay) await sleep(effects.delay, undefined, { ref: false });
  if (effects.cut) return cut(reply);
  return answer(reply, effects.replaced && fault ? answerOf(fault) : result, effects, fault);
}

function answer(
  reply: FastifyReply,
  { status, headers, body }: CallResult,
  { drip: pace }: Effects,
  fault: Fault | undefined,
): FastifyReply {
  reply.code(status).headers({ ...headers, ...fault?.headers });
  return pace ? drip(reply, body, pace) : reply.send(body);
}

const platformFor = ({ memory, url }: Sandbox, definition: SandboxDefinition): Platform => ({
  definition,
  state: memory.state,
  notes: {},
  avatarUrl: ({ key }) => `${url}/_avatars/${key}.svg`,
});

const answerOf = ({ status = 500, body }: Fault): CallResult => ({
  outcome: 'fault',
  status,
  body: body ?? { error: 'sandbox_fault', error_description: 'Requested by POST /_control/faults.' },
});

const effectsOf = (notes: CallNotes, fault: Fault | undefined): Effects => ({
  delay: Math.max(notes.answerAfter ?? 0, fault?.delay ?? 0),
  drip: fault?.drip ?? 0,
  cut: notes.cutConnection === true || fault?.drop !== undefined,
  replaced: replacesTheAnswer(fault),
});

function logCall(logger: Logger, call: CallRecord): void {
  if (call.outcome === 'ok' && !call.connection_cut && !call.answer_replaced) logger.debug(call, 'call.answered');
  else logger.info(call, 'call.failed');
}

/** Sends the status and the headers with the first byte, and each byte of the body after a pause. */
function drip(reply: FastifyReply, body: unknown, pause: Duration): FastifyReply {
  const isText = typeof body === 'string';
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(isText ? body : JSON.stringify(body ?? {}));
  if (!reply.hasHeader('content-type')) reply.type(isText ? 'text/plain; charset=utf-8' : 'application/json');
  return reply.send(Readable.from(byteByByte(bytes, pause)));
}

async function* byteByByte(bytes: Buffer, pause: Duration): AsyncGenerator<Buffer> {
  for (let place = 0; place < bytes.length; place += 1) {
    await sleep(pause, undefined, { ref: false });
    yield bytes.subarray(place, place + 1);
  }
}

function cut(reply: FastifyReply): FastifyReply {
  reply.hijack();
  reply.raw.destroy();
  return reply;
}
