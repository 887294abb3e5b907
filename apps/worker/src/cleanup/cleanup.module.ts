import { Module } from '@nestjs/common';
import { ForgetIdempotencyKeys } from './forget-idempotency-keys.js';
import { SweepAttemptsProcessor } from './sweep-attempts.processor.js';
import { SweepHistoryProcessor } from './sweep-history.processor.js';

@Module({ providers: [ForgetIdempotencyKeys, SweepAttemptsProcessor, SweepHistoryProcessor] })
export class CleanupModule {}
