import type { SandboxState } from '#providers/sandbox';

export const clockView = (clock: SandboxState['clock']): object => ({
  now: new Date(clock.now()).toISOString(),
  turned_by_seconds: clock.turnedBySeconds(),
});
