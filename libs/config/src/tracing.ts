import { z } from 'zod';
import { webUrl } from './values.js';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * Traces over OpenTelemetry: the standard variables of its SDK, which reads them itself. The checks here turn a mistake, which
 * the SDK would pass over, into a reason why the process does not start.
 */
export const tracing = z
  .object({
    OTEL_EXPORTER_OTLP_ENDPOINT: webUrl.optional(),
    /** The whole URL, for traces alone. */
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: webUrl.optional(),
    OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
    OTEL_EXPORTER_OTLP_PROTOCOL: z.literal('http/protobuf', 'must be http/protobuf').optional(),
    OTEL_TRACES_SAMPLER: z.enum(SAMPLERS, { error: `must be one of ${SAMPLERS.join(', ')}` }).optional(),
    /** The share of traces that `traceidratio` keeps. */
    OTEL_TRACES_SAMPLER_ARG: z.coerce.number('must be a number from 0 to 1').min(0).max(1).optional(),
  })
  .transform((env) => ({
    enabled: env.OTEL_EXPORTER_OTLP_ENDPOINT !== undefined || env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT !== undefined,
  }));
