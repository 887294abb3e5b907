import { describe, expect, it } from '@jest/globals';
import { cpuSecondsOf, runMeasured } from './measured.mjs';

const BURN = 'const end = process.cpuUsage().user + 200_000; while (process.cpuUsage().user < end);';

describe('a measured program', () => {
  it('reports its exit code, its output and the CPU time of its descendants', async () => {
    const child = `require('node:child_process').execFileSync(process.execPath, ['-e', ${JSON.stringify(BURN)}])`;
    const command = [process.execPath, '-e', `${child}; console.log('a'); console.error('b'); process.exit(3)`];
    const measured = await runMeasured(command, { output: 'pipe', inIdleTime: true });
    expect(measured).toMatchObject({ code: 3, output: 'a\nb\n' });
    expect(measured.cpuSeconds).toBeGreaterThanOrEqual(0.2);
  });

  it('adds up the minutes and seconds of the shell and of its descendants', () => {
    expect(cpuSecondsOf('0m0.00s 0m0.01s\n2m1.20s 0m3.04s\n')).toBeCloseTo(124.25);
  });
});
