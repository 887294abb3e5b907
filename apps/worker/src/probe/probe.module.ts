import { Module } from '@nestjs/common';
import { ProbeAccountProcessor } from './probe-account.processor.js';
import { SweepProbes } from './sweep-probes.processor.js';

@Module({ providers: [SweepProbes, ProbeAccountProcessor] })
export class ProbeModule {}
