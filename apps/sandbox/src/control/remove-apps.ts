import type { z } from 'zod';
import { personaNamed, type PushOccasion, type SandboxState } from '#providers/sandbox';
import type { Removal } from './control.schema.js';
import { Problem } from './problem.js';

/** An event that a platform reports to an app. */
export interface Occasion extends PushOccasion {
  readonly provider: string;
}

interface Removed {
  /** How many live grants ended. */
  revoked: number;
  /** In the order in which they are sent. */
  occasions: Occasion[];
}

/** A person removes an app, or all of a platform's; with `delete_data` also the deletion of data is requested, including apps removed before. */
export function removeApps(state: SandboxState, key: string, removal: z.output<typeof Removal>): Removed {
  const persona = personaNamed(key);
  if (!persona)
    throw new Problem(404, 'Not Found', 'There is no such persona.', [
      { field: 'persona', message: 'see GET /_control/personas' },
    ]);
  const { provider, client_id: clientId, delete_data: deletesData } = removal;
  const ended = state.endGrantsOf({ provider, persona: key, clientId });
  const at = state.clock.now();
  const occasion =
    (kind: PushOccasion['kind']) =>
    (app: string): Occasion => ({ provider, kind, clientId: app, persona, at });
  const apps = (grants: Iterable<{ clientId: string }>): string[] => [
    ...new Set([...grants].map((grant) => grant.clientId)),
  ];
  const known = [...state.grants.all()].filter((grant) => grant.provider === provider && grant.persona === key);
  const deleting = deletesData ? apps(known).filter((app) => clientId === undefined || app === clientId) : [];
  return {
    revoked: ended.length,
    occasions: [...apps(ended).map(occasion('revoked')), ...deleting.map(occasion('data_deletion'))],
  };
}
