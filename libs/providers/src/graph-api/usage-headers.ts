import { z } from 'zod';

const AN_HOUR = 60 * 60;
const A_DAY = 24 * AN_HOUR;

/** `{"<id>": [{"type": …, "call_count": …, "estimated_time_to_regain_access": 19}]}`: a list for each business object. */
const Usage = z.record(z.string(), z.array(z.object({ estimated_time_to_regain_access: z.number().catch(0) })));

/** Seconds to wait after a limit was reached, from minutes in the header; an hour where it has none, as limits are counted by the hour. */
export function secondsToRegainAccess(headers: Record<string, string>): number {
  const cases = Object.values(readUsage(headers['x-business-use-case-usage'] ?? '')).flat();
  const minutes = Math.max(0, ...cases.map((usage) => usage.estimated_time_to_regain_access));
  return minutes > 0 ? Math.min(minutes * 60, A_DAY) : AN_HOUR;
}

function readUsage(header: string): z.output<typeof Usage> {
  try {
    return Usage.safeParse(JSON.parse(header)).data ?? {};
  } catch {
    return {};
  }
}
