/** The environment is wrong: one line a variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';

  constructor(readonly problems: string[]) {
    super(`The environment is not complete.\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}
