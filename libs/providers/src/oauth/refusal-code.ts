type Fields = Readonly<Record<string, unknown>>;

/** The `error` of a standard error body (RFC 6749 5.2). */
export function errorCode(json: unknown): string | undefined {
  const { error } = fieldsOf(json);
  return typeof error === 'string' && error !== '' ? error : undefined;
}

/** Codes by which an envelope that always has an `error` reports that there is none. */
const NO_ERROR = new Set(['', 'ok', '0']);

/** Whether an API's answer holds an error, alone or beside data: data beside an error is unreliable. */
export function holdsError(json: unknown): boolean {
  const { error } = fieldsOf(json);
  if (typeof error !== 'object' || error === null) return Boolean(error);
  const { code } = fieldsOf(error);
  const isCode = typeof code === 'string' || typeof code === 'number';
  return isCode ? !NO_ERROR.has(String(code).toLowerCase()) : Object.keys(error).length > 0;
}

/** Whether a body has a field that only a refusal has, whatever its value. */
export const hasErrorField = (json: unknown): boolean =>
  Object.keys(fieldsOf(json)).some((name) => /^(error|code$|errno$|errcode$)/i.test(name));

/** Whether a body without an error denies its success: platforms have `success`, `ok`, `revoked`, or a word as `status`. */
export function isDenied(json: unknown): boolean {
  const { success, ok, revoked, status, result } = fieldsOf(json);
  const words = [status, result].filter((word) => typeof word === 'string');
  return [success, ok, revoked].includes(false) || words.some((word) => /^(error|fail|failed|failure)$/i.test(word));
}

/** Fields in which platforms put the code of an error, the most specific first. A number beside a word often repeats the status. */
const NAMES = [
  'error_code',
  'errorCode',
  'error_type',
  'errcode',
  'errno',
  'code',
  'serviceErrorCode',
  'type',
  'title',
];
const SUBCODES = ['error_subcode', 'subcode'];

/** The platform's own code in the body of a refusal, wherever it stands; undefined where it has none. Not cleaned yet. */
export function refusalCode(json: unknown): string | undefined {
  const { error, errors } = fieldsOf(json);
  const first = Array.isArray(errors) ? (errors as unknown[])[0] : undefined;
  const number = typeof error === 'number' ? String(error) : undefined;
  return (
    errorCode(json) ?? number ?? codeAmong(fieldsOf(error)) ?? codeAmong(fieldsOf(first)) ?? codeAmong(fieldsOf(json))
  );
}

function codeAmong(fields: Fields): string | undefined {
  const code = firstOf(fields, NAMES);
  const below = firstOf(fields, SUBCODES);
  return code !== undefined && below !== undefined && below !== '0' ? `${code}/${below}` : code;
}

function firstOf(fields: Fields, names: readonly string[]): string | undefined {
  const values = names.filter((name) => Object.hasOwn(fields, name)).map((name) => fields[name]);
  return values
    .map((value) => (typeof value === 'number' ? String(value) : value))
    .find((value) => typeof value === 'string' && value !== '') as string | undefined;
}

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {});
