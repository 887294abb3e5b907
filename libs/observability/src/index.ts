export { CodedError, codeOf, type FieldProblem } from './coded-error.js';
export { createLogger, type Logger, LOGGER } from './logger.js';
export { NestLogger } from './nest-logger.js';
export { runApp, type Running } from './run-app.js';
export { Secret } from './secret.js';
