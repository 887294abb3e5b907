import { Controller, Get, Query, Res } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { Describe } from '../docs/describe.js';
import { Public } from '../http/caller.js';
import { landingPage } from './landing-page.js';
import { sendPage } from './send-page.js';

/** Where the browser lands when the start named no return URL. */
@ApiTags('connect')
@Public()
@Controller('/connected')
export class ConnectedController {
  @Get()
  @ApiQuery({ name: 'connected', required: false, schema: { type: 'string' }, example: EXAMPLE_PROVIDER })
  @ApiQuery({ name: 'oauth_error', required: false, schema: { type: 'string' }, example: 'access_denied' })
  @Describe({
    summary: 'The page for a browser that has nowhere else to go',
    answers: { status: 200, description: 'A plain page.', contentType: 'text/html', example: '<!doctype html>…' },
    problems: [],
    isPublic: true,
  })
  page(@Query() query: Record<string, unknown>, @Res() reply: FastifyReply): void {
    sendPage(reply, 200, landingPage(query));
  }
}
