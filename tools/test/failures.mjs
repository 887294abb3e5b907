const SHOWN = 20;
const LINES = 25;

/** The failed tests of one run of jest, by its report: what each is called, where it stands and what it said. */
export function failuresOf({ testResults }) {
  return testResults.flatMap(({ name: file, status, message, assertionResults }) => {
    const failed = assertionResults.filter((test) => test.status === 'failed');
    const tests = failed.map(({ fullName, failureMessages }) => ({
      name: fullName,
      file,
      message: failureMessages.join('\n'),
    }));
    // A file that does not load has no tests.
    return tests.length === 0 && status === 'failed' ? [{ name: 'the file did not run', file, message }] : tests;
  });
}

/** What stands at the very end of a run: the failures with their messages, then one line that counts. */
export function closingLines({ passed, failed, skipped, failures }, root) {
  const count = `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
  if (failures.length === 0) return [count];
  const shown = failures.slice(0, SHOWN).flatMap((failure) => ['', ...linesOf(failure, root)]);
  const more = failures.slice(SHOWN).map(({ name }) => `FAILED ${name}`);
  return ['', 'Failures', ...shown, ...(more.length > 0 ? ['', ...more] : []), '', count];
}

function linesOf({ name, file, message }, root) {
  const lines = message
    .trimEnd()
    .split('\n')
    .filter((line) => !/^\s+at .*node_modules/.test(line));
  const cut = lines.length > LINES ? [...lines.slice(0, LINES), `… ${lines.length - LINES} more lines above`] : lines;
  return [`FAILED ${name}${file ? ` (${file.replace(`${root}/`, '')})` : ''}`, ...cut.map((line) => `  ${line}`)];
}
