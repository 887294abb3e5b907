/** Under which the worker's configuration is injected. */
export const WORKER_CONFIG = Symbol('WORKER_CONFIG');
