import { z } from 'zod';
import type { Failure, ProbeReading } from '../contract/outcome.js';
import { classifyGraphError } from '../graph-api/graph.errors.js';
import { idField } from '../oauth/platform-values.js';
import { REQUIRED_SCOPES } from './scopes.js';

const Inspection = z.object({
  data: z.object({
    is_valid: z.boolean(),
    error: z.unknown().optional(),
    profile_id: idField.optional().catch(undefined),
    scopes: z.array(z.string()).optional().catch(undefined),
    granular_scopes: z
      .array(z.object({ scope: z.string(), target_ids: z.array(idField).optional() }))
      .default([])
      .catch([]),
    /** Seconds; 0: no end. */
    data_access_expires_at: z.number().default(0).catch(0),
  }),
});
type Inspected = z.output<typeof Inspection>['data'];

const REVOKED: Failure = { class: 'permanent', reason: 'grant_revoked', code: 'not_valid' };
const LEFT_OUT: Failure = { class: 'permission', reason: 'not_granted', code: 'target_ids' };

/** The answer of `debug_token`; a revoked token comes with status 200 and its error inside. */
export function readInspection(json: unknown): ProbeReading | undefined {
  const { data } = Inspection.safeParse(json);
  if (!data) return undefined;
  const inspected = data.data;
  if (!inspected.is_valid) return invalid(inspected);
  if (isLeftOut(inspected)) return { ok: false, failure: LEFT_OUT };
  const { scopes, data_access_expires_at: until } = inspected;
  return { ok: true, ...(scopes && { scopes }), ...(until > 0 && { reauthDueAt: new Date(until * 1_000) }) };
}

/** An error that no table lists decides nothing. */
function invalid({ error }: Inspected): ProbeReading | undefined {
  const failure = error ? classifyGraphError({ status: 200, headers: {}, json: { error } }) : REVOKED;
  return failure && { ok: false, failure };
}

/** A scope that was given for some Pages only names them. */
const isLeftOut = ({ profile_id: page, granular_scopes: granular }: Inspected): boolean =>
  page !== undefined &&
  granular.some(
    ({ scope, target_ids: targets }) =>
      REQUIRED_SCOPES.includes(scope) && targets !== undefined && !targets.includes(page),
  );
