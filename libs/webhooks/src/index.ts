export { Deliveries, type DeliveryRecord } from './delivery/deliveries.js';
export type { DeliveryContext } from './delivery/deliver.js';
export { WebhookSender } from './delivery/webhook-sender.js';
export { Webhooks } from './endpoints/webhooks.js';
export type { WebhookRecord } from './endpoints/webhook-record.js';
export { DELIVERY_CONTEXT } from './injection.js';
export { WebhooksModule } from './webhooks.module.js';
export { SweepWebhooks } from './sweep-webhooks.js';
