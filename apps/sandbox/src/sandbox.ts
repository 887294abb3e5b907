import type { FastifyInstance } from 'fastify';
import { type Logger, type Running, settingError } from '#observability';
import { Memory } from './memory/memory.js';
import { createServer } from './server.js';

export interface SandboxOptions {
  readonly home: string;
  /** `localhost` listens on 127.0.0.1 and, where there is one, on ::1. */
  readonly host: string;
  /** 0 takes any free one. */
  readonly port: number;
  /** Where browsers reach it. */
  readonly url: string;
  readonly logger: Logger;
}

/** Opens the memory and listens; throws a sentence when the port is taken. */
export async function startSandbox({
  home,
  host,
  port,
  url,
  logger,
}: SandboxOptions): Promise<Running & { port: number }> {
  const memory = await Memory.open(home);
  const server = await createServer({ memory, logger, url });
  try {
    await server.listen({ host, port });
  } catch (error) {
    await memory.close();
    throw isTaken(error)
      ? new Error(`port ${port} is taken; set SANDBOX_PORT to another one`)
      : settingError('SANDBOX_HOST or SANDBOX_PORT', error);
  }
  return {
    port: portOf(server) ?? port,
    close: async () => {
      await server.close();
      await memory.close();
    },
  };
}

const portOf = (server: FastifyInstance): number | undefined => {
  const address = server.server.address();
  return typeof address === 'object' ? address?.port : undefined;
};

const isTaken = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
