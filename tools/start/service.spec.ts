import { describe, expect, it } from '@jest/globals';
import { type Running, Service } from './service.mjs';

/** A run that a test ends by hand. */
interface FakeRun extends Running {
  stopped: boolean;
  end(reason: string): void;
}

function fakeLaunches() {
  const runs: FakeRun[] = [];
  const launch = () => {
    let end!: (reason: string) => void;
    const exited = new Promise<string>((settle) => (end = settle));
    const run: FakeRun = {
      stopped: false,
      exited,
      end,
      stop: () => {
        run.stopped = true;
        end('SIGTERM');
      },
    };
    runs.push(run);
    return run;
  };
  return { runs, launch };
}

const inTime = (milliseconds: number) => new Promise((settle) => setTimeout(settle, milliseconds));

describe('a service', () => {
  it('starts again after it ended unexpectedly, and reports it', async () => {
    const { runs, launch } = fakeLaunches();
    const lines: string[] = [];
    const service = new Service('api', launch, (line) => lines.push(line));
    await service.start();
    runs[0]!.end('SIGKILL');
    await inTime(1_300);
    expect(lines).toEqual(['ended with SIGKILL; it starts again in 1 s']);
    expect(runs).toHaveLength(2);
    await service.stop();
    expect(runs[1]!.stopped).toBe(true);
  });

  it('starts again as soon after a second end, when it was steady in between', async () => {
    const { runs, launch } = fakeLaunches();
    const lines: string[] = [];
    const service = new Service('exchanger', launch, (line) => lines.push(line), { steadyAfter: 50 });
    await service.start();
    for (const n of [0, 1]) {
      await inTime(100);
      runs[n]!.end('SIGKILL');
      await inTime(1_200);
    }
    expect(lines).toEqual(Array(2).fill('ended with SIGKILL; it starts again in 1 s'));
    expect(runs).toHaveLength(3);
    await service.stop();
  });

  it('does not start again what was stopped', async () => {
    const { runs, launch } = fakeLaunches();
    const service = new Service('api', launch, () => undefined);
    await service.start();
    await service.stop();
    await inTime(1_300);
    expect(runs).toHaveLength(1);
  });

  it('fails to start when its first run ends before it is ready', async () => {
    const launch = () => ({
      exited: Promise.resolve('code 1'),
      ready: new Promise<void>(() => undefined),
      stop: () => undefined,
    });
    await expect(new Service('api', launch, () => undefined).start()).rejects.toThrow(
      'api could not start (it ended with code 1)',
    );
  });

  it('fails to start with the sentence of its process', async () => {
    const launch = () => ({
      exited: Promise.resolve('code 1'),
      ready: new Promise<void>(() => undefined),
      startFailure: () => 'PORT is taken',
      stop: () => undefined,
    });
    await expect(new Service('api', launch, () => undefined).start()).rejects.toThrow(
      'api could not start: PORT is taken',
    );
  });
});
