import { describe, expect, it } from '@jest/globals';
import { closingLines, failuresOf, sum, tableOfParts } from './report.mjs';

const assertion = (status: string, fullName: string, ...failureMessages: string[]) => ({
  status,
  fullName,
  failureMessages,
});
const report = {
  testResults: [
    {
      name: '/repo/libs/a.spec.ts',
      status: 'failed',
      message: '',
      assertionResults: [
        assertion('passed', 'a holds'),
        assertion(
          'failed',
          'b holds',
          'Expected: 1\nReceived: 2\n    at f (/repo/node_modules/expect/x.js:1)\n    at g (/repo/libs/a.spec.ts:3)',
        ),
      ],
    },
    { name: '/repo/libs/b.spec.ts', status: 'failed', message: 'SyntaxError: no', assertionResults: [] },
    {
      name: '/repo/libs/c.spec.ts',
      status: 'passed',
      message: '',
      assertionResults: [assertion('passed', 'c holds'), assertion('pending', 'd holds')],
    },
  ],
};

describe('the end of a test run', () => {
  it('has the failures with their messages, and the count as its last line', () => {
    expect(closingLines({ passed: 2, failed: 2, skipped: 1, failures: failuresOf(report) }, '/repo')).toEqual([
      '',
      'Failures',
      '',
      'FAILED b holds (libs/a.spec.ts)',
      '  Expected: 1',
      '  Received: 2',
      '      at g (/repo/libs/a.spec.ts:3)',
      '',
      'FAILED the file did not run (libs/b.spec.ts)',
      '  SyntaxError: no',
      '',
      '2 passed, 2 failed, 1 skipped',
    ]);
  });

  it('is the count alone where nothing failed', () => {
    expect(closingLines({ passed: 2, failed: 0, skipped: 0, failures: [] }, '/repo')).toEqual(['2 passed, 0 failed']);
  });

  it('is bounded: long messages are cut, and of many failures the later ones are named only', () => {
    const failures = Array.from({ length: 30 }, (_, n) => ({
      name: `test ${n}`,
      file: '/repo/a.ts',
      message: 'line\n'.repeat(100),
    }));
    const lines = closingLines({ passed: 0, failed: 30, skipped: 0, failures }, '/repo');
    expect(lines.length).toBeLessThan(600);
    expect(lines.slice(-3)).toEqual(['FAILED test 29', '', '0 passed, 30 failed']);
    expect(lines).toContain('  … 75 more lines above');
  });

  it('has the failures of every part, also of one that is no test', () => {
    const one = { passed: 1, failed: 1, skipped: 0, failures: [{ name: 'a', message: 'x' }] };
    expect(
      sum([one, { passed: 0, failed: 1, skipped: 2, failures: [{ name: 'lint complains', message: 'y' }] }]),
    ).toEqual({
      passed: 1,
      failed: 2,
      skipped: 2,
      failures: [
        { name: 'a', message: 'x' },
        { name: 'lint complains', message: 'y' },
      ],
    });
  });
});

describe('the seconds of a run', () => {
  const parts = [
    { title: 'lint', seconds: 12.34, cpuSeconds: 20 },
    { title: 'Unit tests', seconds: 60, cpuSeconds: 110.5 },
  ];

  it('prints the seconds of each part and of the whole run', () => {
    expect(tableOfParts([...parts, {}], 65).map((line) => line.replace(/ +/g, ' '))).toEqual([
      '',
      'Seconds',
      ' lint 12.3 s 20.0 s of CPU',
      ' Unit tests 60.0 s 110.5 s of CPU',
      ' the whole run 65.0 s 130.5 s of CPU',
    ]);
  });

  it('prints no seconds where one part alone ran', () => {
    expect(tableOfParts(parts.slice(0, 1), 65)).toEqual([]);
  });
});
