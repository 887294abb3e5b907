import type { FastifyInstance } from 'fastify';
import { personaNamed } from '#providers/sandbox';
import { avatar } from './avatar.js';
import { indexPage } from './index-page.js';
import { pageHeaders } from './layout.js';

/** The sandbox's own pages and the personas' pictures. */
export function mountPages(server: FastifyInstance): void {
  server.get('/', (_request, reply) => reply.headers(pageHeaders).send(indexPage()));
  server.get<{ Params: { persona: string } }>('/_avatars/:persona.svg', (request, reply) => {
    const persona = personaNamed(request.params.persona);
    if (!persona) {
      reply.callNotFound();
      return reply;
    }
    return reply.headers({ 'content-type': 'image/svg+xml', 'cache-control': 'max-age=3600' }).send(avatar(persona));
  });
}
