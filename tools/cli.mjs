import './start/require-node.mjs';
import { entryOf } from './start/app-process.mjs';
import { codeOf, messageOf } from './start/errors.mjs';
import { settingsOfRunningDatabase } from './start/running-database.mjs';

/**
 * Runs a command of apps/cli from the build, for the scripts of package.json. Without DATABASE_URL it works on the database that
 * `npm start` runs.
 */
try {
  Object.assign(process.env, settingsOfRunningDatabase(process.env));
  await import(entryOf('cli'));
} catch (error) {
  if (codeOf(error) !== 'ERR_MODULE_NOT_FOUND') throw error;
  console.error(
    `${messageOf(error)}\nThe service is not installed or not built: run npm start first, or npm ci and npm run build.`,
  );
  process.exitCode = 1;
}
