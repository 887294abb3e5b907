import type { CrashPoint } from './exchanger-context.js';

/** Kills this process when it comes to a point (`W3`), or comes to it for the fifth time (`W3:5`), as a crash would. */
export function crashAt(where: string): (point: CrashPoint) => void {
  const [wanted, times = '1'] = where.split(':');
  let passages = 0;
  return (point) => {
    if (point === wanted && ++passages === Number(times)) process.kill(process.pid, 'SIGKILL');
  };
}
