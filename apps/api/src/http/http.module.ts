import { Module, type OnApplicationShutdown } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, APP_PIPE } from '@nestjs/core';
import { PassportModule } from '@nestjs/passport';
import { RateCounter } from '#jobs';
import { AddressLimit } from './address-limit.js';
import { ApiKeyStrategy } from './api-key-strategy.js';
import { CallerGuard } from './caller.guard.js';
import { DashboardJwtStrategy } from './dashboard-jwt-strategy.js';
import { IdempotencyInterceptor } from './idempotency-interceptor.js';
import { IdempotencyKeys } from './idempotency-keys.repository.js';
import { ProblemFilter } from './problem.filter.js';
import { rateCounter } from './rate-counter.provider.js';
import { RateLimitGuard } from './rate-limit.guard.js';
import { ScopeGuard } from './scope.guard.js';
import { StrictInputInterceptor } from './strict-input-interceptor.js';
import { validationPipe } from './validation.js';

/** HTTP: guards run in this order: caller, rate limit, scope. */
@Module({
  imports: [PassportModule],
  providers: [
    ApiKeyStrategy,
    DashboardJwtStrategy,
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
