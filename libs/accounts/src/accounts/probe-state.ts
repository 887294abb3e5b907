import type { ProbeClass, ProbeResult } from '#persistence';

/** What the last probe brought, or what probes before it hold against the account. */
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

/** A probe that was not answered does not take back what an earlier one found. */
export function probeState(result: ProbeResult | null, held: ProbeClass | null): ProbeState {
  if (held !== null) return BY_RESULT[held === 'suspected' ? 'permanent' : held];
  return result === null ? 'never' : BY_RESULT[result];
}
