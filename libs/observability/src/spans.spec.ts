import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { CodedError } from './coded-error.js';
import {
  annotateSpan,
  currentTraceparent,
  inChildSpan,
  inSpan,
  isTracing,
  openChildSpan,
  openSpan,
  setTracer,
  type SpanStart,
  traceFields,
  type Tracer,
} from './spans.js';

const START: SpanStart = { name: 'exchanger.refresh', kind: 'client' };

describe('spans of a process with a tracer', () => {
  /** What the tracer got, in order. */
  let recorded: unknown[];
  let isInside: boolean;

  beforeEach(() => {
    recorded = [];
    isInside = false;
    const tracer: Tracer = {
      open: ({ name }) => {
        recorded.push(`open ${name}`);
        return {
          enter: (work) => {
            recorded.push('enter');
            return work();
          },
          set: (attributes) => recorded.push(attributes),
          end: (errorType) => recorded.push(errorType === undefined ? 'end' : `end ${errorType}`),
        };
      },
      isInsideSpan: () => isInside,
      annotate: (attributes) => recorded.push(attributes),
      traceparent: () => '00-a-b-01',
      traceId: () => 'a',
      close: () => Promise.resolve(),
    };
    setTracer(tracer);
  });
  afterEach(() => {
    setTracer(undefined);
  });

  it('surround the work, and end with it', async () => {
    expect(await inSpan(START, () => Promise.resolve(recorded.push('work')))).toBe(3);
    expect(recorded).toEqual(['open exchanger.refresh', 'enter', 'work', 'end']);
  });

  it.each([
    ['the code of an error that has one', new CodedError('grant.revoked', 'hunter2'), 'grant.revoked'],
    ['the SQLSTATE of a database error', Object.assign(new Error('hunter2'), { code: '23505' }), '23505'],
    ['the class of another error', new TypeError('hunter2'), 'TypeError'],
    ['a fixed word for a value that is no error', 'hunter2', 'unknown'],
  ])('end with %s, not with its message', async (_what, error, type) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- the last case is no error
    await expect(inSpan(START, () => Promise.reject(error))).rejects.toBe(error);
    expect(recorded.at(-1)).toBe(`end ${type}`);
  });

  it('spans are not opened as children outside of any span: a statement of a sweep makes no trace of its own', async () => {
    expect(
      await inChildSpan(
        () => START,
        () => Promise.resolve(1),
      ),
    ).toBe(1);
    expect(openChildSpan(() => START)).toBeUndefined();
    expect(recorded).toEqual([]);
    isInside = true;
    await inChildSpan(
      () => START,
      () => Promise.resolve(1),
    );
    openChildSpan(() => START)?.end();
    expect(recorded).toEqual(['open exchanger.refresh', 'enter', 'end', 'open exchanger.refresh', 'end']);
  });

  it('take attributes, and name the trace for log lines and for other processes', () => {
    annotateSpan({ 'evergrant.provider': 'x' });
    expect(recorded).toEqual([{ 'evergrant.provider': 'x' }]);
    expect([isTracing(), currentTraceparent(), traceFields()]).toEqual([true, '00-a-b-01', { traceId: 'a' }]);
  });
});

describe('spans of a process without a tracer', () => {
  it('do nothing, and the work runs as without them', async () => {
    expect(isTracing()).toBe(false);
    expect(openSpan(START)).toBeUndefined();
    expect(openChildSpan(() => START)).toBeUndefined();
    annotateSpan({ 'evergrant.provider': 'x' });
    expect([currentTraceparent(), traceFields()]).toEqual([undefined, {}]);
    expect(await inSpan(START, () => Promise.resolve('done'))).toBe('done');
    const failed = new Error('failed');
    await expect(inSpan(START, () => Promise.reject(failed))).rejects.toBe(failed);
    expect(
      await inChildSpan(
        () => START,
        () => Promise.resolve('done'),
      ),
    ).toBe('done');
  });
});
