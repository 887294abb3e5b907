// Jest takes the teardown of a project from a file of its own.
export { tearDown as default } from './database.setup.mjs';
