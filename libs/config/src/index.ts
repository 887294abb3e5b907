export {
  type ApiConfig,
  type ExchangerConfig,
  type KeysConfig,
  type MigrationConfig,
  type SandboxConfig,
  type SeedConfig,
  type TokenConfig,
  type WorkerConfig,
  readApiConfig,
  readExchangerConfig,
  readKeysConfig,
  readMasterKeysConfig,
  readMigrationConfig,
  readSandboxConfig,
  readSeedConfig,
  readTokenConfig,
  readWorkerConfig,
} from './config.js';
export { ConfigError } from './config-error.js';
export { days, type Duration, hours, minutes, seconds, startStopwatch } from './durations.js';
export { makeFolder } from './make-folder.js';
export { withTimeout } from './with-timeout.js';
