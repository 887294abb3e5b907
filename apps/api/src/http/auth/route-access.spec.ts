import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Controller, Get, Module, type INestApplication } from '@nestjs/common';
import { APP_GUARD, DiscoveryModule, NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { API_SCOPES } from '#accounts';
import { type Caller, Public } from './caller.js';
import { RouteAccess } from './route-access.js';
import { ForOperators, ScopeGuard, Scopes } from './scopes.js';

@Controller('/things')
class ThingsController {
  @Get()
  @Scopes('accounts:read')
  list(): string {
    return 'list';
  }

  @Get(['/:id/undeclared', '/:id/left-out'])
  undeclared(): string {
    return 'let pass';
  }

  @Get('/open')
  @Public()
  open(): string {
    return 'open';
  }
}

@Controller('/desk')
class DeskController {
  @Get()
  @ForOperators()
  desk(): string {
    return 'desk';
  }

  @Get('/contradiction')
  @ForOperators()
  @Scopes('accounts:read')
  contradiction(): string {
    return 'desk';
  }
}

@Public()
@Controller('/pages')
class PagesController {
  @Get('/plain')
  plain(): string {
    return 'plain';
  }

  @Get('/contradiction')
  @Scopes('accounts:read')
  contradiction(): string {
    return 'which of the two';
  }
}

/** Of every request. */
let caller: Partial<Caller> = { scopes: API_SCOPES };

/** An application with these controllers and the guard of scopes, for a caller with every scope. */
async function openApp(
  providers: NonNullable<Parameters<typeof Module>[0]['providers']>,
): Promise<NestFastifyApplication> {
  @Module({
    imports: [DiscoveryModule],
    controllers: [ThingsController, DeskController, PagesController],
    providers: [{ provide: APP_GUARD, useClass: ScopeGuard }, ...providers],
  })
  class TestModule {}
  const adapter = new FastifyAdapter();
  adapter.getInstance().addHook('onRequest', (request: FastifyRequest, _reply: unknown, done: () => void) => {
    request.caller = caller as Caller;
    done();
  });
  const app = await NestFactory.create<NestFastifyApplication>(TestModule, adapter, {
    logger: false,
    abortOnError: false,
  });
  await app.listen(0, '127.0.0.1');
  return app;
}

describe('a route', () => {
  let app: INestApplication;

  beforeAll(async () => {
    app = await openApp([]);
  });

  afterAll(() => app.close());

  const answer = async (path: string): Promise<string> => {
    const response = await fetch(`${await app.getUrl()}${path}`);
    return response.ok ? response.text() : ((await response.json()) as { message: string }).message;
  };

  it('accepts a caller that has its scope', async () => {
    expect(await answer('/things')).toBe('list');
  });

  it('accepts every caller when it is public', async () => {
    expect(await Promise.all(['/things/open', '/pages/plain'].map(answer))).toEqual(['open', 'plain']);
  });

  it('is for operators alone: a dashboard token with the role, and neither a key nor a token without it', async () => {
    const callers: [Partial<Caller>, string][] = [
      [{ kind: 'jwt', roles: ['operator'] }, 'desk'],
      [{ kind: 'jwt', roles: [] }, 'refused'],
      [{ kind: 'key', roles: ['operator'] }, 'refused'],
    ];
    for (const [as, expected] of callers) {
      caller = { scopes: API_SCOPES, ...as };
      expect([as, (await answer('/desk')) === 'desk' ? 'desk' : 'refused']).toEqual([as, expected]);
    }
    caller = { scopes: API_SCOPES };
  });

  it('refuses a caller with every scope when it declares none', async () => {
    expect(await answer('/things/1/undeclared')).not.toBe('let pass');
    expect(await answer('/things/1/left-out')).not.toBe('let pass');
  });
});

describe('the start', () => {
  it('is refused with a sentence for each route that declares no scope, and for each public one that declares any', async () => {
    await expect(openApp([RouteAccess])).rejects.toThrow(
      [
        "GET /things/:id/undeclared (ThingsController.undeclared) declares no scope: add @Scopes('…'), or @Public() if it needs no credential",
        "GET /things/:id/left-out (ThingsController.undeclared) declares no scope: add @Scopes('…'), or @Public() if it needs no credential",
        'GET /desk/contradiction (DeskController.contradiction) is for operators alone: remove its @Scopes(…) or @Public()',
        'GET /pages/contradiction (PagesController.contradiction) is public, so its @Scopes(…) would have no effect: remove one of the two',
      ].join('\n'),
    );
  });
});
