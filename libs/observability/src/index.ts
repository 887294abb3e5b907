export { CodedError, codeOf, type FieldProblem } from './coded-error.js';
export { createLogger, type Logger, LOGGER } from './logger.js';
export { type Source } from './metrics/instrument.js';
export { INSTRUMENTS, type InstrumentName, type LabelsOf, type NameOf } from './metrics/instruments.js';
export { joinTexts } from './metrics/join-texts.js';
export { type Fact, Metrics } from './metrics/metrics.js';
export { NestLogger } from './nest-logger.js';
export { runApp, type Running } from './run-app.js';
export { Secret } from './secret.js';
