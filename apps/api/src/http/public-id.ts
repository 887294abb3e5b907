import { TypeID } from 'typeid-js';

/** What a caller's id begins with, and tells what it is of. */
export type IdPrefix = 'acc' | 'oa' | 'key' | 'prj' | 'evt' | 'req';

/** A row's UUID as the caller knows it: `acc_01h455vb4pex5vsknk084sn02q`. */
export const publicId = (prefix: IdPrefix, uuid: string): string => TypeID.fromUUID(prefix, uuid).toString();

/** The UUID behind a public id of that prefix, or undefined when it is none. */
export function uuidOf(prefix: IdPrefix, text: string): string | undefined {
  try {
    return TypeID.fromString(text, prefix).toUUID();
  } catch {
    return undefined;
  }
}
