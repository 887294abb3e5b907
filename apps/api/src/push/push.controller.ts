import { Controller, Get, HttpStatus, Inject, Param, Post, Query, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { AnswerChallenge, HandlePush } from '#accounts';
import type { ApiConfig } from '#config';
import { API_CONFIG } from '../api-config.js';
import { Public } from '../http/auth/caller.js';
import { uuidOf } from '../http/fields.js';
import { DescribeChallenge, DescribePush } from './describe-push.js';
import type { DeletionView } from './push.schema.js';
import { bytesOf, headersOf, RawBody } from '../http/raw-body.js';

interface Path {
  family: string;
  oauthAppId: string;
  topic?: string;
}

/** The callback URLs of platforms. An unknown app, an unknown URL and a wrong signature get the same 401 without a body. */
@ApiTags('Platform callbacks')
@Public()
@Controller('/v1/callbacks/:family')
export class PushController {
  constructor(
    private readonly handlePush: HandlePush,
    private readonly answerChallenge: AnswerChallenge,
    @Inject(API_CONFIG) private readonly config: ApiConfig,
  ) {}

  @Post()
  @RawBody()
  @DescribePush('A platform calls whose body names the app', 'family')
  async push(
    @Param('family') family: string,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    await this.#take({ family, oauthAppId: undefined }, request, reply);
  }

  @Post('/:oauthAppId')
  @RawBody()
  @DescribePush('A platform calls about one app', 'family', 'oauthAppId')
  async pushOfApp(@Param() path: Path, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#takeOfApp(path, request, reply);
  }

  @Post('/:oauthAppId/:topic')
  @RawBody()
  @DescribePush('A platform calls about one app and one thing', 'family', 'oauthAppId', 'topic')
  async pushOfTopic(@Param() path: Path, @Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    await this.#takeOfApp(path, request, reply);
  }

  @Get('/:oauthAppId')
  @DescribeChallenge('A platform checks whether the URL is ours', 'family', 'oauthAppId')
  async challenge(
    @Param() path: Path,
    @Query() query: Record<string, unknown>,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const oauthAppId = uuidOf('oa', path.oauthAppId);
    const answer = oauthAppId && (await this.answerChallenge.execute({ family: path.family, oauthAppId, query }));
    if (answer) await reply.send(answer);
    else await refuseSilently(reply);
  }

  async #takeOfApp(
    { family, oauthAppId: text, topic }: Path,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<void> {
    const oauthAppId = uuidOf('oa', text);
    if (oauthAppId === undefined) await refuseSilently(reply);
    else await this.#take({ family, oauthAppId, topic }, request, reply);
  }

  async #take(path: Partial<Path> & { family: string }, request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { family, oauthAppId, topic = null } = path;
    const call = { family, oauthAppId, topic, headers: headersOf(request), body: bytesOf(request) };
    const outcome = await this.handlePush.execute(call);
    if (outcome.kind === 'untrusted') await refuseSilently(reply);
    else
      await reply
        .status(HttpStatus.OK)
        .send(outcome.kind === 'deleted' ? this.#deletion(outcome.confirmationCode) : undefined);
  }

  #deletion(code: string): DeletionView {
    return { url: `${this.config.http.publicUrl}/data-deletion/${code}`, confirmation_code: code };
  }
}

const refuseSilently = async (reply: FastifyReply): Promise<void> => {
  await reply.status(HttpStatus.UNAUTHORIZED).send();
};
