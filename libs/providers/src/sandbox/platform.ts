import type { Duration } from '#config';
import type { SandboxDefinition, TokenKnobs } from './contract.js';
import { type Persona, personaNamed } from './personas.js';
import type { AppRecord, GrantRecord } from './records.js';
import { Refusal } from './refusal.js';
import type { SandboxState } from './state.js';

/** What one call turned out to be: the call log's source, and what the server does with the finished answer. */
export interface CallNotes {
  clientId?: string;
  persona?: string;
  grantType?: string;
  /** Digest of the refresh token that came, and of the one that was given. */
  presented?: string;
  issued?: string;
  answerAfter?: Duration;
  cutConnection?: boolean;
}

/** One platform during one call: its rules, the shared memory, and the notes of this call. */
export interface Platform {
  readonly definition: SandboxDefinition;
  readonly state: SandboxState;
  readonly notes: CallNotes;
  avatarUrl(persona: Persona): string;
}

/** The platform's defaults with this app's own settings over them. */
export const knobsOf = ({ definition }: Platform, app: AppRecord | undefined): TokenKnobs => ({
  ...definition.tokens,
  ...app?.knobs,
});

/** The person behind a record. Refuses when an older sandbox knew a persona that is gone. */
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
export function assertGrantLives(grant: GrantRecord, now: number): void {
  assertPersonaIsWell(personaOf(grant), now - grant.grantedAt);
  if (grant.endsAt !== undefined && grant.endsAt <= now) throw new Refusal('revoked_grant');
}

function assertPersonaIsWell({ traits }: Persona, age: Duration): void {
  const { suspendedAfter = Infinity, passwordChangedAfter = Infinity, checkpoint } = traits;
  if (age >= suspendedAfter) throw new Refusal('suspended_user');
  if (age >= passwordChangedAfter) throw new Refusal('password_changed');
  if (checkpoint && age >= checkpoint.from && age < checkpoint.until) throw new Refusal('checkpoint');
}
