import type { Accepted } from './sink.js';

/** What the endpoints have accepted, beside what was committed. */
export interface Delivered {
  events: number;
  lost: number;
  /** Events that an endpoint accepted for the first time after a later one of the same account. */
  inversions: number;
  /** Acceptances beyond the first one, with the same id. */
  duplicates: number;
}

/** `committed`: the public ids of the events, all of which each of the endpoints takes. */
export function checkDeliveries(
  committed: readonly string[],
  accepted: readonly Accepted[],
  endpoints: readonly string[],
): Delivered {
  const found = endpoints.map((endpoint) =>
    checkOne(
      committed,
      accepted.filter((one) => one.endpoint === endpoint),
    ),
  );
  const sum = (name: keyof Delivered): number => found.reduce((total, one) => total + one[name], 0);
  return { events: committed.length, lost: sum('lost'), inversions: sum('inversions'), duplicates: sum('duplicates') };
}

function checkOne(committed: readonly string[], accepted: readonly Accepted[]): Delivered {
  const seen = new Set<string>();
  const last = new Map<string, number>();
  let inversions = 0;
  for (const { eventId, account, sequence } of accepted) {
    if (seen.has(eventId)) continue;
    seen.add(eventId);
    if (account === null) continue;
    if (sequence < (last.get(account) ?? 0)) inversions += 1;
    last.set(account, Math.max(sequence, last.get(account) ?? 0));
  }
  const lost = committed.filter((id) => !seen.has(id)).length;
  return { events: committed.length, lost, inversions, duplicates: accepted.length - seen.size };
}
