import { describe, expect, it } from '@jest/globals';
import { rawText, text, workspaceName } from './text.js';

const refusal = (result: { success: boolean; error?: { issues: { message: string }[] } | undefined }): string[] =>
  (result.error?.issues ?? []).map(({ message }) => message);

describe('the types of text that callers send', () => {
  it.each([' a ', '', 'Zoë 👩‍👩‍👧', 'a\nb\tc\r\n'])('accept %j as raw text with line breaks, unchanged', (given) => {
    expect(rawText(20, { lines: true }).parse(given)).toBe(given);
  });

  it('trim a name', () => {
    expect(text(3).parse('  abc ')).toBe('abc');
  });

  it.each([
    ['', 'must not be empty'],
    ['\u200b\u2800', 'must not be empty'],
    ['a\u0000', 'must not contain control characters'],
    ['a'.repeat(256), 'must be at most 255 characters'],
  ])('refuse %j as the name of a workspace', (given, message) => {
    expect(refusal(workspaceName.safeParse(given))).toEqual([message]);
  });

  it('keep the spaces around the name of a workspace, which is an identity', () => {
    expect(workspaceName.parse(' a ')).toBe(' a ');
  });
});
