import { TypeID, typeidUnboxed } from 'typeid-js';

/** A new id of a row: a UUIDv7, so that ids sort by age. */
export function newId(): string {
  return TypeID.fromString(typeidUnboxed()).toUUID();
}

/** Crockford's alphabet in lower case, as TypeIDs have it. */
const DIGITS = '0123456789abcdefghjkmnpqrstvwxyz';
const digit = (value: number): string => DIGITS[value & 31] ?? '';

/**
 * The public form of a row's id: a TypeID such as `acc_01h455vb4pex5vsknk084sn02q`. A page has a hundred and fifty of them, and
 * typeid-js takes as long for these as the database for the page.
 */
export function publicId(prefix: string, id: string): string {
  const hex = id.replaceAll('-', '');
  const first = parseInt(hex.slice(0, 2), 16);
  let text = `${prefix}_${digit(first >> 5)}${digit(first)}`;
  for (let at = 2; at < 32; at += 5) {
    const bits = parseInt(hex.slice(at, at + 5), 16);
    text += digit(bits >> 15) + digit(bits >> 10) + digit(bits >> 5) + digit(bits);
  }
  return text;
}

/** A public id of something that has no row. */
export const newPublicId = (prefix: string): string => typeidUnboxed(prefix);
