export { createLogger, type Logger } from './logger.js';
export { runApp, type Running } from './run-app.js';
export { Secret } from './secret.js';
