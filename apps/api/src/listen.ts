import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { ApiConfig } from '#config';
import { codeOf, type Running } from '#observability';
import { Readiness } from './health/readiness.js';

/** Opens the port, and knows how to close it: not ready first, then the running requests end, then everything else. */
export async function listen(app: NestFastifyApplication, { http }: ApiConfig): Promise<Running> {
  // On machines where localhost is ::1 first, 127.0.0.1 alone would not answer to the name people type.
  const host = http.host === '127.0.0.1' ? 'localhost' : http.host;
  try {
    await app.listen({ port: http.port, host });
  } catch (error) {
    await app.close();
    throw codeOf(error) === 'EADDRINUSE' ? new Error(`port ${http.port} is taken; set PORT to another one`) : error;
  }
  return {
    close: async () => {
      app.get(Readiness).beginClosing();
      await app.getHttpAdapter().getInstance().close();
      await app.close();
    },
  };
}
