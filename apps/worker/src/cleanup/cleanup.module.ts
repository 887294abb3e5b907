import { Module } from '@nestjs/common';
import { SweepAttemptsProcessor } from './sweep-attempts.processor.js';

@Module({ providers: [SweepAttemptsProcessor] })
export class CleanupModule {}
