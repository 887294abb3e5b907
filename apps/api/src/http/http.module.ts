import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE, DiscoveryModule } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { RateCounter } from '#jobs';
import { ApiKeyStrategy } from './auth/api-key-strategy.js';
import { CallerGuard } from './auth/caller.js';
import { DashboardKeys } from './auth/dashboard-keys.js';
import { DashboardJwtStrategy } from './auth/dashboard-jwt-strategy.js';
import { RouteAccess } from './auth/route-access.js';
import { ScopeGuard } from './auth/scopes.js';
import { IdempotencyInterceptor } from './idempotency-interceptor.js';
import { IdempotencyKeys } from './idempotency-keys.repository.js';
import { ProblemFilter } from './problem.js';
import { AddressLimit, rateCounter, RateLimitGuard } from './rate-limit.js';
import { StrictInputInterceptor } from './strict-input-interceptor.js';
import { validationPipe } from './validation.js';

/** The guards run in this order: caller, rate limit, scope. */
@Module({
  imports: [PassportModule, DiscoveryModule],
  providers: [
    ApiKeyStrategy,
    DashboardKeys,
    DashboardJwtStrategy,
    RouteAccess,
    rateCounter,
    AddressLimit,
    IdempotencyKeys,
    { provide: APP_GUARD, useClass: CallerGuard },
    { provide: APP_GUARD, useClass: RateLimitGuard },
    { provide: APP_GUARD, useClass: ScopeGuard },
    { provide: APP_INTERCEPTOR, useClass: StrictInputInterceptor },
    { provide: APP_INTERCEPTOR, useClass: IdempotencyInterceptor },
    { provide: APP_PIPE, useFactory: validationPipe },
    { provide: APP_FILTER, useClass: ProblemFilter },
  ],
  exports: [rateCounter],
})
export class HttpModule implements OnApplicationShutdown {
  constructor(private readonly counter: RateCounter) {}

  onApplicationShutdown(): void {
    this.counter.close();
  }
}
