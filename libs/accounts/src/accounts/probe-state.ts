import type { ProbeClass, ProbeResult } from '#persistence';

/** The result of the last probe, or the finding of earlier ones that it did not clear. */
export const PROBE_STATES = [
  'never',
  'ok',
  'unavailable',
  'app_refused',
  'refused',
  'restricted',
  'missing_permissions',
] as const;
export type ProbeState = (typeof PROBE_STATES)[number];

const BY_RESULT: Record<ProbeResult, ProbeState> = {
  ok: 'ok',
  temporary: 'unavailable',
  app: 'app_refused',
  permanent: 'refused',
  owner: 'restricted',
  permission: 'missing_permissions',
};

/** An unanswered probe does not clear the finding of an earlier one. */
export function probeState(result: ProbeResult | null, held: ProbeClass | null): ProbeState {
  if (held !== null && held !== 'unverified') return BY_RESULT[held === 'suspected' ? 'permanent' : held];
  return result === null ? 'never' : BY_RESULT[result];
}
