import { Controller, Get, Req, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Public } from '../http/auth/caller.js';
import { type Page, sendPage, acceptsPage } from '../http/page.js';
import { Describe } from './describe.js';

const homeSchema = z.object({
  name: z.string(),
  documentation: z.string(),
  openapi: z.string(),
  health: z.string(),
});

const LINKS = { documentation: '/docs', openapi: '/v1/openapi.json', health: '/health/ready' };

const HOME_AS_JSON: z.output<typeof homeSchema> = { name: 'Evergrant', ...LINKS };

const HOME: Page = {
  tone: 'neutral',
  title: 'Evergrant',
  text: [
    'This service connects social accounts for an application and keeps their tokens valid. It has no pages of its own to sign in to.',
  ],
  links: [
    { href: LINKS.documentation, label: 'API documentation', about: 'Every endpoint, to read and to try (Swagger UI)' },
    { href: LINKS.openapi, label: 'OpenAPI document', about: 'The same for programs, as OpenAPI 3.1' },
    { href: LINKS.health, label: 'Health', about: 'Whether this process can serve, and why not' },
  ],
};

/** For a person or a program that opens the bare address. */
@ApiTags('Browser endpoints')
@Public()
@Controller('/')
export class HomeController {
  @Get()
  @Describe({
    summary: 'What this service is, and where its documentation is',
    description: 'A page; with `Accept: application/json` the same links as JSON.',
    answers: {
      status: 200,
      description: 'A page.',
      contentType: 'text/html',
      example: '<!doctype html>…',
      asJson: { schema: homeSchema, example: HOME_AS_JSON },
    },
    problems: [],
    isForBrowsers: true,
  })
  async home(@Req() request: FastifyRequest, @Res() reply: FastifyReply): Promise<void> {
    if (acceptsPage(request)) sendPage(reply, 200, HOME);
    else await reply.send(HOME_AS_JSON);
  }
}
