import { describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import { attemptsSweep, defineJob, grantRefresh, grantsSweep, knownJobs, parsePayload } from './index.js';
import { jobId, jobOptions } from './job-contract.js';

describe('the contract of a job', () => {
  const grantId = randomUUID();

  it('refuses a payload without its id, with a broken one, or with a field that the contract does not name', () => {
    expect(() => parsePayload(grantRefresh, {})).toThrow('grantId invalid_type');
    expect(() => parsePayload(grantRefresh, { grantId: '7' })).toThrow('grantId invalid_format');
    expect(() => parsePayload(grantRefresh, { grantId, accessToken: 'x' })).toThrow('(payload) unrecognized_keys');
    expect(() => parsePayload(grantsSweep, { grantId })).toThrow('(payload) unrecognized_keys');
    expect(parsePayload(grantRefresh, { grantId })).toEqual({ grantId });
  });

  it('repeats no value of a payload that it refuses', () => {
    expect(() => parsePayload(grantRefresh, { grantId: 'hunter2' })).toThrow(
      expect.objectContaining({ code: 'job.payload_invalid', message: expect.not.stringContaining('hunter2') }),
    );
  });

  it('gives the jobs of one grant one id, and gives sweeps no id', () => {
    expect(jobId(grantRefresh, { grantId })).toBe(`grant.refresh-${grantId}`);
    expect(jobId(attemptsSweep, {})).toBeUndefined();
  });

  it('is background work where it is a probe: refreshes go first', () => {
    expect(knownJobs.filter((contract) => jobOptions(contract).priority !== undefined).map(({ name }) => name)).toEqual(
      ['account.probe'],
    );
  });

  it('is refused without a dotted name', () => {
    expect(() => defineJob({ name: 'RefreshGrantJob', payload: z.object({}), attempts: 1 })).toThrow('RefreshGrantJob');
  });

  it.each(knownJobs)(
    '$name has a name of its own, carries ids only, and leaves the queue when it is finished',
    (contract) => {
      expect(knownJobs.filter(({ name }) => name === contract.name)).toHaveLength(1);
      const fields = Object.keys((contract.payload as z.ZodObject).shape);
      expect(fields.filter((field) => !field.endsWith('Id'))).toEqual([]);
      expect(jobOptions(contract)).toMatchObject({ removeOnComplete: true, removeOnFail: true });
    },
  );
});
