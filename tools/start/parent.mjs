const INTERVAL_MS = 500;

/**
 * Calls `onGone` when the npm that started this process has ended: a kill of npm reaches npm alone. Without npm, a process
 * may outlive its parent (`nohup`), and nothing is watched.
 */
export function watchParent(onGone) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, INTERVAL_MS);
  timer.unref();
}
