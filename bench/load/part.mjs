/**
 * What a part of the load bench gets. `factor`: by how much a figure may miss its target; 1, and 2 in the short form.
 * @typedef {{ world: import('./world.mjs').World, effort: import('./drive.mjs').Effort, accounts: number, factor: number }} PartContext
 */

export {};
