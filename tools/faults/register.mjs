import { register } from 'node:module';

// What runs here are the sources of test/faults, while the product they strike is the built one.
register('./typescript-hooks.mjs', import.meta.url);
