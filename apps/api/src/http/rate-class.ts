import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';

/** What a request costs: `read` (GET), `write` (small changes), `heavy` (asks a platform). */
export type RateClassName = 'read' | 'write' | 'heavy';

export const RATE_CLASS_KEY = 'evergrant:rate-class';

/** The class of a route that its method does not tell. */
export const RateClass = (name: RateClassName): MethodDecorator =>
  applyDecorators(SetMetadata(RATE_CLASS_KEY, name), ApiExtension('x-rate-class', name));

export const UNLIMITED_KEY = 'evergrant:unlimited';

/** Routes that no limit by address may refuse: what a supervisor asks before it ends a process. */
export const Unlimited = (): ClassDecorator => SetMetadata(UNLIMITED_KEY, true);
