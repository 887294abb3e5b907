import { Module } from '@nestjs/common';
import { RefreshGrantProcessor } from './refresh-grant.processor.js';
import { SweepGrants } from './sweep-grants.processor.js';

@Module({ providers: [SweepGrants, RefreshGrantProcessor] })
export class RefreshModule {}
