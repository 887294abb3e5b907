import { describe, expect, it } from '@jest/globals';
import { readApiConfig, readExchangerConfig, readWorkerConfig } from './config.js';

const complete = {
  DATABASE_URL: 'postgres://u:p@localhost/db',
  MASTER_KEYS: `k1:${Buffer.alloc(32).toString('base64')}`,
};
const readers = [
  ['API', readApiConfig],
  ['worker', readWorkerConfig],
  ['exchanger', readExchangerConfig],
] as const;

describe('the settings of traces', () => {
  it.each(readers)('traces are off in the %s without an endpoint, and on with either of the two', (_process, read) => {
    const enabled = (more: NodeJS.ProcessEnv): boolean => read({ ...complete, ...more }).tracing.enabled;
    expect(enabled({})).toBe(false);
    expect(enabled({ OTEL_EXPORTER_OTLP_ENDPOINT: '', OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: '' })).toBe(false);
    expect(enabled({ OTEL_TRACES_SAMPLER: 'always_on' })).toBe(false);
    expect(enabled({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318' })).toBe(true);
    expect(enabled({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://collector.example/v1/traces' })).toBe(true);
  });

  it.each([
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: 'collector:4318' }, /OTEL_EXPORTER_OTLP_ENDPOINT: /],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc' }, /OTEL_EXPORTER_OTLP_PROTOCOL: must be http\/protobuf/],
    [{ OTEL_TRACES_SAMPLER: 'ratio' }, /OTEL_TRACES_SAMPLER: must be one of always_on, /],
    [{ OTEL_TRACES_SAMPLER_ARG: '2' }, /OTEL_TRACES_SAMPLER_ARG: /],
    [{ OTEL_TRACES_SAMPLER_ARG: 'half' }, /OTEL_TRACES_SAMPLER_ARG: must be a number from 0 to 1/],
  ])('end the start with a sentence for %j', (wrong, sentence) => {
    expect(() => readApiConfig({ ...complete, ...wrong })).toThrow(sentence);
  });

  it('do not show the credential of a collector in the sentence about another setting', () => {
    const env = { OTEL_EXPORTER_OTLP_HEADERS: 'authorization=hunter2', OTEL_EXPORTER_OTLP_ENDPOINT: 'nowhere' };
    expect(() => readApiConfig({ ...complete, ...env })).toThrow(/^(?![^]*hunter2)[^]*OTEL_EXPORTER_OTLP_ENDPOINT/);
  });
});
