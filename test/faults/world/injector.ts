import type { Fault } from '../plan/fault.js';
import type { World } from './world.js';

/** Injects one fault and waits for its duration; false: the target was not running, and the fault does not count. */
export type Injector<Kind extends Fault['kind']> = (
  world: World,
  fault: Extract<Fault, { kind: Kind }>,
) => Promise<boolean>;

export type Injectors<Kinds extends Fault['kind']> = { [Kind in Kinds]: Injector<Kind> };
