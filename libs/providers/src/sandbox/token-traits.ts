import type { Platform } from './contract.js';
import { personaOf } from './platform.js';
import type { SandboxState } from './state.js';
import { Refusal } from './refusal.js';

/** Calls a persona made at one app; lost at a restart, which only changes which call is "every second". */
const callCounts = new WeakMap<SandboxState, Map<string, number>>();

/** Notes whose token call this is, and lets the persona's habits act before anything is carried out. */
export function meetPersona(platform: Platform, record: { clientId: string; persona: string }): void {
  const { notes } = platform;
  const { traits } = personaOf(record);
  notes.persona = record.persona;
  notes.answerAfter = traits.tokenDelay;
  if (traits.secretNeverFits) throw new Refusal('wrong_client_secret');
  const { everySecondRefused } = traits;
  if (everySecondRefused && countCall(platform, record) % 2 === 0) throw new Refusal(everySecondRefused);
}

function countCall(
  { state, definition }: Platform,
  { clientId, persona }: { clientId: string; persona: string },
): number {
  const counts = callCounts.get(state) ?? new Map<string, number>();
  callCounts.set(state, counts);
  const key = `${definition.name}|${clientId}|${persona}`;
  const count = (counts.get(key) ?? 0) + 1;
  counts.set(key, count);
  return count;
}
