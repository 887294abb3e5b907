// What tests and benchmarks outside this library build on, and no process of the service.
export { type Connection, SharedConnection, type SocketCall } from './exchange/connection.js';
export { ExchangeClient } from './exchange/client.js';
export { AnswerLost, NotSent, PlatformClient } from './platform-client.js';
export { refreshDue } from './protocol/schedule.js';
