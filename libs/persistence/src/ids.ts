import { TypeID, typeidUnboxed } from 'typeid-js';

/** A new id of a row: a UUIDv7, so that ids sort by age. */
export function newId(): string {
  return TypeID.fromString(typeidUnboxed()).toUUID();
}

/** The public form of a row's id: a TypeID such as `acc_01h455vb4pex5vsknk084sn02q`. */
export function publicId(prefix: string, id: string): string {
  return TypeID.fromUUID(prefix, id).toString();
}
