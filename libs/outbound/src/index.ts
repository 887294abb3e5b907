export { OutboundClient, type OutboundOutcome } from './outbound-client.js';
export type { OutboundRefusal } from './target.js';
