import { TypeID } from 'typeid-js';

/** What a caller's id begins with, and tells what it is of. */
export type IdPrefix = 'acc' | 'oa' | 'key' | 'prj' | 'evt' | 'req';

/** A row's UUID as the caller knows it: `acc_01h455vb4pex5vsknk084sn02q`. */
export const publicId = (prefix: IdPrefix, uuid: string): string => TypeID.fromUUID(prefix, uuid).toString();

/** The UUID behind a public id of that prefix, or undefined when it is none. */
export function uuidOf(prefix: IdPrefix, text: string): string | undefined {
  try {
    const uuid = TypeID.fromString(text, prefix).toUUID();
    // The decoder ignores bits beyond 128, so that one UUID would have several spellings.
    return publicId(prefix, uuid) === text ? uuid : undefined;
  } catch {
    return undefined;
  }
}
