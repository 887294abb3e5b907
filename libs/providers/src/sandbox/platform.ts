import type { Duration } from '#config';
import type { Platform } from './contract.js';
import { type Persona, personaNamed } from './personas.js';
import type { AppRecord, GrantRecord, TokenKnobs } from './records.js';
import { Refusal } from './refusal.js';

/** The platform's defaults with this app's own settings over them. */
export const knobsOf = ({ definition }: Platform, app: AppRecord | undefined): TokenKnobs => ({
  ...definition.tokens,
  ...app?.knobs,
});

/** The person of a record. Refuses when an older sandbox had a persona that is gone. */
export function personaOf(record: { readonly persona: string }): Persona {
  const persona = personaNamed(record.persona);
  if (!persona) throw new Refusal('revoked_grant', record.persona);
  return persona;
}

/** Whether the calling app is set to meet this way of answering. */
export function hasQuirk({ definition, state, notes }: Platform, quirk: string): boolean {
  const app = state.app(definition.name, notes.clientId ?? '');
  return app?.quirks?.includes(quirk) ?? false;
}

/** Refuses when the grant is over or must wait; a suspended persona is distinguished from one that removed the app. */
export function assertGrantValid(grant: GrantRecord, now: number): void {
  assertPersonaIsActive(personaOf(grant), now - grant.grantedAt);
  if (grant.endsAt !== undefined && grant.endsAt <= now) throw new Refusal('revoked_grant');
}

function assertPersonaIsActive({ traits }: Persona, age: Duration): void {
  const { suspendedAfter = Infinity, passwordChangedAfter = Infinity, checkpoint } = traits;
  if (age >= suspendedAfter) throw new Refusal('suspended_user');
  if (age >= passwordChangedAfter) throw new Refusal('password_changed');
  if (checkpoint && age >= checkpoint.from && age < checkpoint.until) throw new Refusal('checkpoint');
}
