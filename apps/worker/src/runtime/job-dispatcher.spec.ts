import { beforeEach, describe, expect, it, jest } from '@jest/globals';
import { UnrecoverableError } from 'bullmq';
import { z } from 'zod';
import { defineJob, type TakenJob } from '#jobs';
import { CodedError, type Logger, Metrics } from '#observability';
import { mapHandlers } from './handler-map.js';
import { JobDispatcher } from './job-dispatcher.js';

const greet = defineJob({ name: 'test.greet', payload: z.object({ personId: z.string() }), attempts: 2 });
const job: TakenJob = { id: '7', name: 'test.greet', payload: { personId: 'ann' }, attempt: 1, scheduled: false };

describe('a job from the queue', () => {
  const lines = { debug: jest.fn(), info: jest.fn(), warn: jest.fn(), error: jest.fn() };
  const execute = jest.fn<(payload: object) => Promise<void>>();
  const handlers = mapHandlers([greet], [{ className: 'Greet', contract: greet, handler: { execute } }]);
  const metrics = new Metrics({ process: 'worker', sources: ['jobs'] });
  const dispatcher = new JobDispatcher(handlers, lines as unknown as Logger, metrics);

  beforeEach(() => {
    jest.resetAllMocks();
  });

  it('reaches its handler with its payload, and one log line has the duration', async () => {
    await dispatcher.run(job);
    expect(execute).toHaveBeenCalledWith({ personId: 'ann' });
    expect(lines.info).toHaveBeenCalledWith(
      { job: 'test.greet', jobId: '7', attempt: 1, ms: expect.any(Number), outcome: 'done' },
      'job.settled',
    );
  });

  it('writes no line above debug when it is scheduled and succeeds', async () => {
    await dispatcher.run({ ...job, scheduled: true });
    expect(lines.info).not.toHaveBeenCalled();
    expect(lines.debug).toHaveBeenCalledTimes(1);
  });

  it('runs again after an error without a code, and the queue stores no text of the error', async () => {
    execute.mockRejectedValue(new Error('password is hunter2'));
    const failed = dispatcher.run(job);
    await expect(failed).rejects.toThrow(/^unexpected$/);
    await expect(failed).rejects.not.toBeInstanceOf(UnrecoverableError);
    expect(lines.warn).toHaveBeenCalledWith(
      expect.objectContaining({ outcome: 'retry', code: undefined }),
      'job.settled',
    );
  });

  it('runs again after a code that is not in the table, and the queue stores the code', async () => {
    execute.mockRejectedValue(new CodedError('database.unavailable', 'The database is unavailable.'));
    await expect(dispatcher.run(job)).rejects.toThrow(/^database\.unavailable$/);
  });

  it('fails for good when its payload breaks the contract, and does not reach the handler', async () => {
    const failed = dispatcher.run({ ...job, payload: { personId: 'ann', token: 'x' } });
    await expect(failed).rejects.toBeInstanceOf(UnrecoverableError);
    await expect(failed).rejects.toThrow(/^job\.payload_invalid$/);
    expect(execute).not.toHaveBeenCalled();
    expect(lines.error).toHaveBeenCalledWith(expect.objectContaining({ outcome: 'give up' }), 'job.settled');
  });

  it('goes to a worker of another version when this one has no handler for it', async () => {
    const failed = dispatcher.run({ ...job, name: 'test.later' });
    await expect(failed).rejects.toThrow(/^job\.unknown$/);
    await expect(failed).rejects.not.toBeInstanceOf(UnrecoverableError);
  });

  it('is counted by its name and outcome, and an unknown name is not repeated', async () => {
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
