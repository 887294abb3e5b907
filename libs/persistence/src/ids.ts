import { typeidUnboxed, TypeID } from 'typeid-js';

/** A new id of a row: a UUIDv7, so that ids sort by age. */
export function newId(): string {
  return TypeID.fromString(typeidUnboxed()).toUUID();
}
