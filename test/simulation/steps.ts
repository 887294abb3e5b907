/** What a paused exchange waits for: its next turn, the answer of the platform, or the database. */
export type Pause = 'soon' | 'answer' | 'database';

/** An exchange that can be suspended, superseded or discarded between any two steps. */
export type Steps<Result> = Generator<Pause, Result>;
