import { Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { WorkspacesModule } from '../workspaces/workspaces.module.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { CallerGuard } from './caller.guard.js';
import { DashboardJwtStrategy } from './dashboard-jwt.strategy.js';
import { ProblemFilter } from './problem.filter.js';
import { ScopeGuard } from './scope.guard.js';
import { validationPipe } from './validation.js';

/** How this app speaks HTTP. The guards run in this order: who calls, how often, what is allowed. */
@Module({
  imports: [PassportModule, ApiKeysModule, WorkspacesModule],
  providers: [
    ApiKeyStrategy,
    DashboardJwtStrategy,
    { provide: APP_GUARD, useClass: CallerGuard },
    { provide: APP_GUARD, useClass: ScopeGuard },
    { provide: APP_PIPE, useFactory: validationPipe },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
})
export class HttpModule {}
