import type { Identity } from '../contract/outcome.js';
import type { CustomProvider } from './custom-provider.schema.js';

/** Reads who it is out of the fields that the operator named; undefined where there is no id. */
export const identityReader =
  ({ id, handle, name, avatar }: CustomProvider['identity']) =>
  (json: unknown): Identity | undefined => {
    const found = idAt(json, id);
    if (found === undefined) return undefined;
    return {
      platformUserId: found,
      platformAccountId: found,
      handle: textAt(json, handle),
      displayName: textAt(json, name),
      avatarUrl: textAt(json, avatar),
    };
  };

/** Some count their people; a number that JavaScript cannot hold would be two people's. */
function idAt(json: unknown, path: string): string | undefined {
  const found = valueAt(json, path);
  if (Number.isSafeInteger(found)) return String(found);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

function textAt(json: unknown, path: string | undefined): string | null {
  const found = path === undefined ? undefined : valueAt(json, path);
  return typeof found === 'string' && found !== '' ? found : null;
}

const valueAt = (json: unknown, path: string): unknown =>
  path.split('.').reduce((within, field) => (isObject(within) && Object.hasOwn(within, field) ? within[field] : undefined), json);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
