// What tests and benchmarks outside this library build on, and no process of the service.
export type { SocketCall } from './exchange/call-connection.js';
export { ExchangeClient } from './exchange/exchange-client.js';
export type { Connection } from './exchange/patient-call.js';
export { SharedConnection } from './exchange/shared-connection.js';
export { AnswerLost, NotSent, PlatformClient } from './platform-client.js';
export { refreshDue } from './protocol/due.js';
