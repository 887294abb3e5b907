/** Where an exchange lets others go on, and what it waits for there. */
export type Pause = 'soon' | 'answer' | 'database';

/** An exchange, to be stopped, superseded or forgotten between any two of its steps. */
export type Steps<Result> = Generator<Pause, Result>;
