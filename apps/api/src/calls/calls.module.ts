import { Module } from '@nestjs/common';
import { CallDeadline, CallsController } from './calls.controller.js';

/** The routes that use the token of an account: read it, and call the platform with it. */
@Module({ controllers: [CallsController], providers: [CallDeadline] })
export class CallsModule {}
