// The parts of the exchanger that fault tests and benchmarks build on.
export { findUnknownGrants } from './store/unclaimed-grants.js';
export { ExchangeEngine } from './exchange/exchange-engine.js';
export type { ExchangerContext } from './exchanger-context.js';
export { BreakerKeeper } from './gate/breaker-keeper.js';
export type { Clock } from './gate/clock.js';
export { ExchangeGate } from './gate/exchange-gate.js';
export type { Gate, Admission, Rejection, AdmissionRequest } from './gate/gate.js';
export { FileJournal } from './journal/file-journal.js';
export { readFrames } from './journal/frame.js';
export { type JournalRecord, RecordCodec } from './journal/record.js';
