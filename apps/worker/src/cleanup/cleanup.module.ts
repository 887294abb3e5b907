import { Module } from '@nestjs/common';
import { ForgetIdempotencyKeys } from './forget-idempotency-keys.js';
import { SweepAttemptsProcessor } from './sweep-attempts.processor.js';

@Module({ providers: [ForgetIdempotencyKeys, SweepAttemptsProcessor] })
export class CleanupModule {}
