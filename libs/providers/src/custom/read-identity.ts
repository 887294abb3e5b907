import type { Identity } from '../contract/outcome.js';
import { idField, textField } from '../oauth/platform-values.js';
import type { CustomProvider } from './custom-provider.schema.js';

/** Reads the person from the fields that the operator named; undefined where there is no id. */
export const identityReader =
  ({ id, handle, name, avatar }: CustomProvider['identity']) =>
  (json: unknown): Identity | undefined => {
    const found = idField.safeParse(valueAt(json, id)).data;
    if (found === undefined) return undefined;
    return {
      platformUserId: found,
      platformAccountId: found,
      handle: textAt(json, handle),
      displayName: textAt(json, name),
      avatarUrl: textAt(json, avatar),
    };
  };

const textAt = (json: unknown, path: string | undefined): string | null =>
  path === undefined ? null : textField.parse(valueAt(json, path));

const valueAt = (json: unknown, path: string): unknown =>
  path
    .split('.')
    .reduce((within, field) => (isObject(within) && Object.hasOwn(within, field) ? within[field] : undefined), json);

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;
