import { Module } from '@nestjs/common';
import { DeliveriesController } from './deliveries.controller.js';
import { WebhooksController } from './webhooks.controller.js';

/** The routes of webhooks and their deliveries. */
@Module({ controllers: [WebhooksController, DeliveriesController] })
export class WebhooksSurfaceModule {}
