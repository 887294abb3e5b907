import { Module } from '@nestjs/common';
import { HttpModule } from '../http/http.module.js';
import { HealthController } from './health.controller.js';
import { Readiness } from './readiness.js';

@Module({ imports: [HttpModule], controllers: [HealthController], providers: [Readiness], exports: [Readiness] })
export class HealthModule {}
