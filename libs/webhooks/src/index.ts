export { Deliveries, type DeliveryRecord } from './delivery/deliveries.js';
export { DELIVERY_CONTEXT, type DeliveryContext } from './delivery/deliver.js';
export { WebhookSender } from './delivery/webhook-sender.js';
export { type WebhookRecord, Webhooks } from './endpoints/webhooks.js';
export { WebhooksModule } from './webhooks.module.js';
export { SweepWebhooks } from './sweep-webhooks.js';
