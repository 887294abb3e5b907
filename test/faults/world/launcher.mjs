// The launcher's own parts, so that what is struck is started as it is started elsewhere; see launcher.d.mts.
export { entryOf, launchApp } from '../../../tools/start/app-process.mjs';
export { freePort } from '../../../tools/start/ports.mjs';
export { startPostgres } from '../../../tools/start/postgres.mjs';
export { birthOf, signal, until } from '../../../tools/start/processes.mjs';
export { ROOT } from '../../../tools/start/root.mjs';
export { run } from '../../../tools/start/run.mjs';
