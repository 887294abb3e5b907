import { createRequire } from 'node:module';
import { ModuleGraph } from './module-graph.mjs';

const require = createRequire(import.meta.url);
/** @type {typeof import('jest-runtime')} */
const { default: JestRuntime } = require('jest-runtime');
/** This file of the framework keeps the hooks and tests of one test file. */
const FRAMEWORK = /jest-circus\/build\/jestAdapterInit\.js$/;

/**
 * Runs test files in the realm of the process, as Node runs the service, and not each in a realm of its own. Packages are
 * loaded once for all files of a process, the project's modules once for each file. Mocks of modules
 * (`jest.unstable_mockModule`) have no effect. See docs/decisions/tests-in-one-realm.md.
 */
export default class SharedRealmRuntime extends JestRuntime {
  #modules;

  /** @param {ConstructorParameters<typeof JestRuntime>} args */
  constructor(...args) {
    super(...args);
    const [, , , transformer] = args;
    this.#modules = new ModuleGraph(transformer, (path) => this.requireModuleOrMock(path, '@jest/globals'));
  }

  /** The entry of jest to a test file. @override @param {string} path */
  async unstable_importModule(path) {
    return this.#modules.import(path);
  }

  /** The entry of jest to its framework. @override @param {string} path */
  requireInternalModule(path) {
    if (FRAMEWORK.test(path)) delete require.cache[path];
    return require(path);
  }

  /** @override */
  getSourceMaps() {
    return this.#modules.sourceMaps;
  }
}
