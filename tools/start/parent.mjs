const EVERY = 500;

/**
 * Tells when the npm that started this process is gone: killing npm reaches npm alone. Without npm between, a process may
 * rightly outlive its parent (`nohup`), and nothing is watched.
 */
export function watchParent(onGone) {
  if (!process.env.npm_lifecycle_event) return;
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    onGone();
  }, EVERY);
  timer.unref();
}
