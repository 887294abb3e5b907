import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UnrecoverableError } from 'bullmq';
import { z } from 'zod';
import { defineJob, type TakenJob } from '#jobs';
import { CodedError, type Logger, Metrics } from '#observability';
import { mapHandlers } from './handler-map.js';
import { JobDispatcher } from './job-dispatcher.js';

const greet = defineJob({ name: 'test.greet', payload: z.object({ personId: z.string() }), attempts: 2 });
const job: TakenJob = { id: '7', name: 'test.greet', payload: { personId: 'ann' }, attempt: 1, scheduled: false };

describe('a job that was taken', () => {
  const lines = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const execute = jest.fn<(payload: object) => Promise<void>>();
  const handlers = mapHandlers([greet], [{ className: 'Greet', contract: greet, handler: { execute } }]);
  const metrics = new Metrics({ process: 'worker', sources: ['jobs'] });
  const dispatcher = new JobDispatcher(handlers, lines as unknown as Logger, metrics);

  beforeEach(() => {
    jest.resetAllMocks();
  });

  it('goes to its handler with its payload, and one line says how long it took', async () => {
    await dispatcher.run(job);
    expect(execute).toHaveBeenCalledWith({ personId: 'ann' });
    expect(lines.info).toHaveBeenCalledWith(
      { job: 'test.greet', jobId: '7', attempt: 1, ms: expect.any(Number), outcome: 'done' },
      'job',
    );
  });

  it('leaves no line above debug when a schedule asked for it and it went well', async () => {
    await dispatcher.run({ ...job, scheduled: true });
    expect(lines.info).not.toHaveBeenCalled();
    expect(lines.debug).toHaveBeenCalledTimes(1);
  });

  it('is run again after an error that nobody knows, of which the queue keeps no word', async () => {
    execute.mockRejectedValue(new Error('password is hunter2'));
    const failed = dispatcher.run(job);
    await expect(failed).rejects.toThrow(/^unexpected$/);
    await expect(failed).rejects.not.toBeInstanceOf(UnrecoverableError);
    expect(lines.warn).toHaveBeenCalledWith(expect.objectContaining({ outcome: 'retry', code: undefined }), 'job');
  });

  it('is run again after a code that is not in the table, and the queue keeps the code', async () => {
    execute.mockRejectedValue(new CodedError('database.unavailable', 'The database is away.'));
    await expect(dispatcher.run(job)).rejects.toThrow(/^database\.unavailable$/);
  });

  it('is given up when its payload is not what the contract says, and does not reach the handler', async () => {
    const failed = dispatcher.run({ ...job, payload: { personId: 'ann', token: 'x' } });
    await expect(failed).rejects.toBeInstanceOf(UnrecoverableError);
    await expect(failed).rejects.toThrow(/^job\.payload_invalid$/);
    expect(execute).not.toHaveBeenCalled();
    expect(lines.error).toHaveBeenCalledWith(expect.objectContaining({ outcome: 'give up' }), 'job');
  });

  it('is left to a worker of another version when this one does not know it', async () => {
    const failed = dispatcher.run({ ...job, name: 'test.later' });
    await expect(failed).rejects.toThrow(/^job\.unknown$/);
    await expect(failed).rejects.not.toBeInstanceOf(UnrecoverableError);
  });

  it('is counted by its name and how it ended; a name that nobody knows is not repeated', async () => {
    const counted = async (labels: string): Promise<number> =>
      Number(
        new RegExp(`^evergrant_jobs_total\\{${labels},process="worker"\\} (\\d+)$`, 'm').exec(
          await metrics.text(),
        )?.[1] ?? 0,
      );
    const done = await counted('job="test.greet",outcome="done"');
    const again = await counted('job="test.greet",outcome="retry"');
    const unknown = await counted('job="\\(unknown\\)",outcome="retry"');
    await dispatcher.run(job);
    execute.mockRejectedValue(new Error('not now'));
    await dispatcher.run(job).catch(() => undefined);
    await dispatcher.run({ ...job, name: 'test.later' }).catch(() => undefined);
    expect(await counted('job="test.greet",outcome="done"')).toBe(done + 1);
    expect(await counted('job="test.greet",outcome="retry"')).toBe(again + 1);
    expect(await counted('job="\\(unknown\\)",outcome="retry"')).toBe(unknown + 1);
    expect(await metrics.text()).not.toContain('test.later');
  });
});
