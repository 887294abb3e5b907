import type { FastifyReply, FastifyRequest } from 'fastify';

const NAME = 'evergrant_landing';
const SECONDS = 600;
const VALUE = new RegExp(`(?:^|;\\s*)${NAME}=([\\w.-]{1,200}):([\\w.-]{1,128})(?:;|$)`);

/** What the page at the end of a flow is told by the callback: whose end it is, and which request to look for in the logs. */
export interface LandingProof {
  state: string;
  requestId: string;
}

/** Gives the browser that came through the callback the proof that the attempt is its own. The address has no part of it. */
export function setLandingCookie(reply: FastifyReply, state: string, publicUrl: string): void {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const value = `${state}:${reply.request.id}`;
  reply.header('Set-Cookie', `${NAME}=${value}; Path=/connected; Max-Age=${SECONDS}; HttpOnly; SameSite=Lax${secure}`);
}

/** What the cookie of the callback says; undefined where there is none. */
export function landingProof({ headers }: Pick<FastifyRequest, 'headers'>): LandingProof | undefined {
  const [, state, requestId] = VALUE.exec(headers.cookie ?? '') ?? [];
  return state === undefined || requestId === undefined ? undefined : { state, requestId };
}
