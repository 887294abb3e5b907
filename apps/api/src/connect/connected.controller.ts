import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ReadLanding } from '#accounts';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { Describe } from '../docs/describe.js';
import { Public } from '../http/caller.js';
import { sendPage } from '../http/page.js';
import { landingProof } from './landing-cookie.js';
import { landingPage } from './landing-page.js';

/** Where the browser lands when the start named no return URL. */
@ApiTags('Browser endpoints')
@Public()
@Controller('/connected')
export class ConnectedController {
  constructor(private readonly readLanding: ReadLanding) {}

  @Get()
  @ApiQuery({ name: 'connected', required: false, schema: { type: 'string' }, example: EXAMPLE_PROVIDER })
  @ApiQuery({ name: 'oauth_error', required: false, schema: { type: 'string' }, example: 'access_denied' })
  @Describe({
    summary: 'The page for a browser that has nowhere else to go',
    answers: { status: 200, description: 'A plain page.', contentType: 'text/html', example: '<!doctype html>…' },
    problems: [],
    isForBrowsers: true,
  })
  async page(
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const proof = landingProof(request);
    const landing = proof && (await this.readLanding.execute(proof.state));
    sendPage(reply, 200, { ...landingPage(query, landing), requestId: landing && proof.requestId });
  }
}
