import { describe, expect, it } from '@jest/globals';
import { isAbsolute } from 'node:path';
import { readSettings } from './settings.mjs';

describe('what npm start reads of the environment', () => {
  it('has a default for all', () => {
    expect(readSettings({})).toMatchObject({
      port: 3000,
      sandboxPort: 3100,
      host: '127.0.0.1',
      sandboxUrl: 'http://localhost:3100',
    });
    expect(readSettings({ DATABASE_URL: '' }).databaseUrl).toBeUndefined();
  });

  it('finds its home from the repository, wherever it was called from', () => {
    expect(isAbsolute(readSettings({}).home)).toBe(true);
    expect(readSettings({ EVERGRANT_HOME: '/srv/evergrant' }).home).toBe('/srv/evergrant');
  });

  it.each(['0', '65536', 'http', '3000.5'])('refuses a port that is none, by its variable: %s', (text) => {
    expect(() => readSettings({ SANDBOX_PORT: text })).toThrow(/^SANDBOX_PORT is not a port/);
  });

  it('refuses one port for two', () => {
    expect(() => readSettings({ PORT: '3100' })).toThrow('PORT and SANDBOX_PORT are both 3100');
  });
});
