import { Module } from '@nestjs/common';
import { DataDeletionController } from './data-deletion.controller.js';
import { PushController } from './push.controller.js';

/** The platforms call us. */
@Module({ controllers: [PushController, DataDeletionController] })
export class PushModule {}
