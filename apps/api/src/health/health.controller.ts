import { Controller, Get, Res } from '@nestjs/common';
import { ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Describe } from '../docs/describe.js';
import { Public } from '../http/auth/caller.js';
import { Unlimited } from '../http/rate-limit.js';
import {
  liveSchema,
  type LiveView,
  notReadyExample,
  readyExample,
  readySchema,
  type ReadyView,
} from './health.schema.js';
import { isReady, Readiness } from './readiness.js';

@ApiTags('Operations')
@Public()
@Unlimited()
@Controller('/health')
export class HealthController {
  constructor(private readonly readiness: Readiness) {}

  @Get('/live')
  @Describe({
    summary: 'Whether the process runs',
    description:
      'For a supervisor that restarts a process without an answer. It checks neither the database nor the queue.',
    answers: { status: 200, description: 'It does.', schema: liveSchema, example: { status: 'ok' } },
    problems: [],
    isPublic: true,
  })
  live(): LiveView {
    return { status: 'ok' };
  }

  @Get('/ready')
  @Describe({
    summary: 'Whether the process can serve, and why not',
    description: 'For a load balancer. Each check that failed has a reason; a process that is closing is not ready.',
    answers: { status: 200, description: 'It can.', schema: readySchema, example: readyExample },
    problems: [],
    isPublic: true,
  })
  @ApiResponse({ status: 503, description: 'It cannot.', standardSchema: readySchema, example: notReadyExample })
  async ready(@Res({ passthrough: true }) reply: FastifyReply): Promise<ReadyView> {
    const checks = await this.readiness.checks();
    const ready = isReady(checks);
    reply.header('Cache-Control', 'no-store').status(ready ? 200 : 503);
    return { status: ready ? 'ready' : 'not_ready', checks };
  }
}
