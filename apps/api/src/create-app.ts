import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiConfig } from '#config';
import { type Logger, NestLogger } from '#observability';
import { ApiModule } from './api.module.js';
import { serveDocs } from './docs/openapi.js';
import { httpAdapter } from './http/adapter.js';
import { addSecurityHeaders } from './http/security-headers.js';

/** The whole API, ready to listen. */
export async function createApp(config: ApiConfig, logger: Logger): Promise<NestFastifyApplication> {
  const app = await NestFactory.create<NestFastifyApplication>(ApiModule.forRoot(config, logger), httpAdapter(config, logger), {
    bodyParser: false,
    abortOnError: false,
    logger: new NestLogger(logger),
  });
  addSecurityHeaders(app, config.http.publicUrl);
  serveDocs(app, config.http.publicUrl);
  await app.init();
  return app;
}
