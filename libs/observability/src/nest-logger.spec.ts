import { describe, expect, it, jest } from '@jest/globals';
import type { Logger } from './logger.js';
import { NestLogger } from './nest-logger.js';

describe("Nest's lines in our log", () => {
  const lines = { trace: jest.fn(), debug: jest.fn(), warn: jest.fn(), error: jest.fn(), fatal: jest.fn() };
  const nest = new NestLogger(lines as unknown as Logger);

  it('name their context, and lines about the start have the level debug', () => {
    nest.log('AppModule dependencies initialized', 'InstanceLoader');
    expect(lines.debug).toHaveBeenCalledWith(
      { nest: 'InstanceLoader', message: 'AppModule dependencies initialized' },
      'nest.message',
    );
  });

  it('lines contain the error', () => {
    const err = new Error('no');
    nest.error(err, 'ExceptionsHandler');
    expect(lines.error).toHaveBeenCalledWith({ nest: 'ExceptionsHandler', message: 'no', err }, 'nest.message');
  });

  it('lines contain no fields of an object', () => {
    nest.warn({ token: 'hunter2' });
    expect(JSON.stringify(lines.warn.mock.calls)).not.toContain('hunter2');
  });
});
