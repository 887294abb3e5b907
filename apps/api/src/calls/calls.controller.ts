import { Controller, Delete, Get, Injectable, Patch, Post, Put, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CallPlatform, MAX_CALL_BYTES, ReadToken } from '#accounts';
import { seconds } from '#config';
import { CodedError } from '#observability';
import { AccountId, DescribeAccountId } from '../accounts/account.schema.js';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { publicId } from '../http/fields.js';
import { Proxied } from './describe-proxy.js';
import { answeredHeaders, forwardedHeaders } from './proxy-headers.js';
import { streamedBody } from '../http/streamed-body.js';
import {
  readTokenQuery,
  type ReadTokenQuery,
  tokenExample,
  tokenSchema,
  tokenView,
  type TokenView,
} from './token.schema.js';

/** The time of a call, from its arrival to the last byte of its answer. */
@Injectable()
export class CallDeadline {
  milliseconds = seconds(60);
}

const ROUTE = /^\/v1\/accounts\/[^/?#]+\/proxy\/(.*)$/s;

type ApiAnswer = Awaited<ReturnType<CallPlatform['execute']>>;

/** The token of an account, and calls with it. */
@ApiTags('Accounts')
@Controller('/v1/accounts')
export class CallsController {
  constructor(
    private readonly readToken: ReadToken,
    private readonly callPlatform: CallPlatform,
    private readonly callDeadline: CallDeadline,
  ) {}

  @Get('/:id/token')
  @DescribeAccountId()
  @Scopes('tokens:read')
  @Describe({
    summary: 'Read the platform token of an account; each read is an event of its history',
    operationId: 'accountTokenRead',
    answers: { status: 200, description: 'A token that has not ended.', schema: tokenSchema, example: tokenExample },
    problems: [
      'account.not_found',
      'validation.failed',
      'account.needs_reauth',
      'account.leased',
      'account.refresh_failed',
      'account.not_refreshable',
      'provider.unavailable',
      'oauth_app.paused',
      'account.seal_broken',
    ],
  })
  async token(
    @CurrentCaller() { tenant, keyId }: Caller,
    @AccountId() id: string,
    @Query({ schema: readTokenQuery }) { min_ttl: minTtl }: ReadTokenQuery,
  ): Promise<TokenView> {
    const readBy = keyId === undefined ? null : publicId('key', keyId);
    return tokenView(await this.readToken.execute({ tenant, id, minTtl, readBy }));
  }

  @Get('/:id/proxy/*')
  @Proxied('GET')
  get(
    @CurrentCaller() caller: Caller,
    @AccountId() id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#call('GET', { caller, id, request, reply });
  }

  @Post('/:id/proxy/*')
  @Proxied('POST')
  post(
    @CurrentCaller() caller: Caller,
    @AccountId() id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#call('POST', { caller, id, request, reply });
  }

  @Put('/:id/proxy/*')
  @Proxied('PUT')
  put(
    @CurrentCaller() caller: Caller,
    @AccountId() id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#call('PUT', { caller, id, request, reply });
  }

  @Patch('/:id/proxy/*')
  @Proxied('PATCH')
  patch(
    @CurrentCaller() caller: Caller,
    @AccountId() id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#call('PATCH', { caller, id, request, reply });
  }

  @Delete('/:id/proxy/*')
  @Proxied('DELETE')
  delete(
    @CurrentCaller() caller: Caller,
    @AccountId() id: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ) {
    return this.#call('DELETE', { caller, id, request, reply });
  }

  async #call(method: Method, { caller, id, request, reply }: Call): Promise<void> {
    if (request.method === 'HEAD') throw headRefused(reply);
    const deadline = new Deadline(reply, this.callDeadline.milliseconds);
    try {
      const body = streamedBody(request);
      const answer = await this.callPlatform.execute({
        tenant: caller.tenant,
        id,
        method,
        target: targetOf(request),
        headers: { ...forwardedHeaders(request.raw.rawHeaders), ...body?.framing },
        body: body?.bytes,
        signal: deadline.signal,
      });
      await send(reply, answer);
    } catch (error) {
      if (deadline.isOver && !request.raw.complete)
        throw new CodedError('request.timeout', 'The request did not arrive whole within 60 seconds.');
      throw error;
    }
  }
}

type Method = Parameters<CallPlatform['execute']>[0]['method'];

interface Call {
  caller: Caller;
  id: string;
  request: FastifyRequest;
  reply: FastifyReply;
}

/** The router answers HEAD as GET; a call of another method than the client's would reach the platform. */
function headRefused(reply: FastifyReply): CodedError {
  const methods = 'DELETE, GET, PATCH, POST, PUT';
  reply.header('Allow', methods);
  return new CodedError('method.not_allowed', `This path takes ${methods}.`);
}

/** Path and query behind /proxy/ as they came: the router decodes the path. */
function targetOf({ raw }: FastifyRequest): string {
  const target = ROUTE.exec(raw.url ?? '')?.[1];
  if (target === undefined) throw new CodedError('proxy.path_not_allowed', 'The path behind /proxy/ cannot be read.');
  return target;
}

/** Aborts a call when its time is over, or when its client disconnects. */
class Deadline {
  readonly #controller = new AbortController();
  isOver = false;

  constructor(reply: FastifyReply, milliseconds: number) {
    const timer = setTimeout(() => {
      this.isOver = true;
      this.#controller.abort();
    }, milliseconds);
    reply.raw.once('close', () => {
      clearTimeout(timer);
      this.#controller.abort();
    });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }
}

/** An answer without a length is cut off at the limit. */
async function send(reply: FastifyReply, { status, rawHeaders, body }: ApiAnswer): Promise<void> {
  const headers = answeredHeaders(rawHeaders);
  if (Number(headers['content-length']?.[0] ?? 0) > MAX_CALL_BYTES) {
    body.destroy();
    throw new CodedError('provider.unavailable', `The platform's answer is larger than ${MAX_CALL_BYTES} bytes.`);
  }
  let size = 0;
  body.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_CALL_BYTES) body.destroy(new Error('the answer of a platform is too large'));
  });
  await reply.status(status).headers(headers).header('Evergrant-Upstream', '1').send(body);
}
