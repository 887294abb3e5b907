import { Controller, Get, Inject, Param, Query, Req, Res } from '@nestjs/common';
import { ApiParam, ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { CompleteConnect, withoutFragment } from '#accounts';
import type { ApiConfig } from '#config';
import { CodedError } from '#observability';
import { API_CONFIG } from '../api-config.js';
import { Describe } from '../docs/describe.js';
import { Public } from '../http/auth/caller.js';
import { PROBLEM_CODES } from '../http/problem-codes.js';
import { uuidOf, idInPath, providerInPath, stateInPath } from '../http/fields.js';
import { setLandingCookie } from './landing.js';
import { attemptExample } from './attempt.schema.js';

type CallbackQuery = Record<string, string | string[] | undefined>;

const LOCATION = {
  Location: { description: 'The return URL, or a page of ours.', schema: { type: 'string' as const } },
};
const DESCRIPTION = {
  description:
    'Spends the state once, exchanges the code, and redirects to the return URL of the start. A state that cannot be trusted gets a page.',
  answers: [
    {
      status: 302,
      description: 'To the return URL, with connected=<provider> or oauth_error=<reason>.',
      headers: LOCATION,
    },
    { status: 204, description: 'To HEAD and to a prefetch: nothing was spent.' },
  ],
  problems: ['state.untrusted' as const],
  isForBrowsers: true,
};

/** The redirect URI: platforms send the browser here. */
@ApiTags('Browser endpoints')
@Public()
@Controller('/v1/oauth/:provider/callback')
export class CallbackController {
  constructor(
    private readonly completeConnect: CompleteConnect,
    @Inject(API_CONFIG) private readonly config: Pick<ApiConfig, 'http'>,
  ) {}

  @Get()
  @ApiParam({ name: 'provider', schema: providerInPath })
  @ApiQuery({ name: 'state', required: true, schema: stateInPath(attemptExample.state) })
  @ApiQuery({ name: 'code', required: false, schema: { type: 'string' }, example: 'c29tZS1jb2Rl' })
  @Describe({ summary: 'The browser comes back from the platform', ...DESCRIPTION })
  async callback(
    @Param('provider') provider: string,
    @Query() query: CallbackQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.#complete({ provider, query }, request, reply);
  }

  @Get('/:oauthAppId')
  @ApiParam({ name: 'provider', schema: providerInPath })
  @ApiParam({ name: 'oauthAppId', schema: idInPath('oa', 'oa_01h455vb4pex5vsknk084sn02s') })
  @ApiQuery({ name: 'state', required: true, schema: stateInPath(attemptExample.state) })
  @ApiQuery({ name: 'code', required: false, schema: { type: 'string' }, example: 'c29tZS1jb2Rl' })
  @Describe({ summary: 'The browser comes back to the redirect URI of one app', ...DESCRIPTION })
  async callbackOfApp(
    @Param() { provider, oauthAppId }: { provider: string; oauthAppId: string },
    @Query() query: CallbackQuery,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const uuid = uuidOf('oa', oauthAppId);
    if (uuid === undefined) throw untrustedState();
    await this.#complete({ provider, oauthAppId: uuid, query }, request, reply);
  }

  async #complete(
    input: { provider: string; oauthAppId?: string; query: CallbackQuery },
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    reply.header('Cache-Control', 'no-store').header('Referrer-Policy', 'no-referrer');
    if (isPrefetch(request)) {
      await reply.status(204).send();
      return;
    }
    const outcome = await this.completeConnect.execute(input);
    if (outcome.kind === 'untrusted') throw untrustedState();
    const { publicUrl } = this.config.http;
    if (outcome.url.startsWith(`${publicUrl}/connected?`)) setLandingCookie(reply, stateOf(input.query), publicUrl);
    await reply.status(302).header('Location', outcome.url).send();
  }
}

const PREFETCH_PURPOSE = /prefetch|prerender|preview/i;

/** Whether the request is only a look (HEAD, prefetch, link preview), which must not spend the state or the code. */
export function isPrefetch({ method, headers }: Pick<FastifyRequest, 'method' | 'headers'>): boolean {
  if (method === 'HEAD') return true;
  return [headers['sec-purpose'], headers.purpose, headers['x-purpose'], headers['x-moz']].some((purpose) =>
    PREFETCH_PURPOSE.test(String(purpose ?? '')),
  );
}

/** The state of a trusted callback. */
const stateOf = ({ state }: CallbackQuery): string => withoutFragment(String(state));

/** The error for a state that is forged, unknown or of another address. The browser is not redirected (RFC 9700 4.11). */
const untrustedState = (): CodedError => new CodedError('state.untrusted', PROBLEM_CODES['state.untrusted'][1]);
