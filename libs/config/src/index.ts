export {
  type ApiConfig,
  type MigrationConfig,
  type SandboxConfig,
  type SeedConfig,
  type WorkerConfig,
  readApiConfig,
  readMigrationConfig,
  readSandboxConfig,
  readSeedConfig,
  readWorkerConfig,
} from './config.js';
export { ConfigError } from './config-error.js';
export { days, type Duration, hours, minutes, seconds } from './durations.js';
