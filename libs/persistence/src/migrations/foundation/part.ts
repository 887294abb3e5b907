/** One chapter of a migration, in SQL by hand, with its way back. */
export interface Part {
  up: string;
  down: string;
}
