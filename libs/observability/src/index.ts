export { CodedError, codeOf, type ErrorDetails, type FieldProblem, sentenceOf, settingError } from './coded-error.js';
export { createLogger, type Logger, LOGGER } from './logger.js';
export { type Source } from './metrics/instrument.js';
export { INSTRUMENTS, type InstrumentName, type LabelsOf, type NameOf } from './metrics/instruments.js';
export { CONNECTION_PROBLEMS, type RefusedConnection } from './connection-problems.js';
export { newHttpServer } from './http-server.js';
export { joinTexts } from './metrics/join-texts.js';
export { type Fact, Metrics } from './metrics/metrics.js';
export { NestLogger } from './nest-logger.js';
export { closeProcess, runApp, type Running } from './run-app.js';
export { Secret } from './secret.js';
export {
  annotateSpan,
  currentTraceparent,
  endWith,
  inChildSpan,
  inSpan,
  isTracing,
  type OpenSpan,
  openChildSpan,
  openSpan,
  type SpanAttributes,
  type SpanStart,
} from './spans.js';
export { startTracing } from './tracing.js';
