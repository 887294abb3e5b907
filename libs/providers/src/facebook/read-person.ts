import { z } from 'zod';
import type { Identity } from '../contract/outcome.js';
import { idField, textField } from '../oauth/platform-values.js';

const Permissions = z.object({ data: z.array(z.object({ permission: z.string(), status: z.string() })) });
const Person = z.object({
  id: idField,
  name: textField,
  permissions: Permissions.optional().catch(undefined),
});

/** The person, by an id that is specific to this app; declined permissions come in the same list as granted ones. */
export function readPerson(json: unknown): Identity | undefined {
  const { data } = Person.safeParse(json);
  if (!data) return undefined;
  const given = data.permissions?.data.filter(({ status }) => status === 'granted').map(({ permission }) => permission);
  return {
    platformUserId: data.id,
    platformAccountId: data.id,
    handle: null,
    displayName: data.name,
    avatarUrl: null,
    ...(given && { scopes: given }),
  };
}
