import { ModernFakeTimers } from '@jest/fake-timers';
import { ModuleMocker } from 'jest-mock';

const STACK_LINES = 100;
/** Descriptions of the symbols under which jest-circus keeps the hooks and tests of one test file. */
const FRAMEWORK = new Set(['EVENT_HANDLERS', 'JEST_STATE_SYMBOL']);

/** The realm of the process as the environment of one test file; the next file finds the process unchanged. */
export default class SharedRealmEnvironment {
  global = globalThis;
  moduleMocker = new ModuleMocker(globalThis);
  /** The timers of older releases of jest. */
  fakeTimers = null;
  #restore;

  /** @param {{ projectConfig: ConstructorParameters<typeof ModernFakeTimers>[0]['config'] }} config */
  constructor({ projectConfig }) {
    this.fakeTimersModern = new ModernFakeTimers({ config: projectConfig, global: globalThis });
    this.#restore = keepProcess();
    process.env = { ...process.env };
    Error.stackTraceLimit = STACK_LINES;
  }

  async setup() {}

  async teardown() {
    this.fakeTimersModern.dispose();
    this.#restore();
  }

  /** Packages that the runtime of jest itself resolves, such as a snapshot serializer, are those of Node. */
  exportConditions() {
    return ['node', 'node-addons'];
  }

  /** There is no realm but that of the process. */
  getVmContext() {
    return null;
  }
}

/** Returns what undoes changes that test files, the code they run and jest make to the process. */
function keepProcess() {
  const { console } = globalThis;
  const { env, exit } = process;
  const { stackTraceLimit } = Error;
  const symbols = new Set(Object.getOwnPropertySymbols(globalThis));
  const listeners = new Map(process.eventNames().map((event) => [event, process.rawListeners(event)]));
  return () => {
    Object.assign(globalThis, { console });
    Object.assign(process, { env, exit });
    Error.stackTraceLimit = stackTraceLimit;
    removeListenersExcept(listeners);
    deleteFrameworkExcept(symbols);
  };
}

/** @param {Map<string | symbol, Function[]>} kept */
function removeListenersExcept(kept) {
  // Listeners of `exit` stay: they end child processes.
  for (const event of process.eventNames().filter((name) => name !== 'exit'))
    for (const listener of process.rawListeners(event))
      if (!kept.get(event)?.includes(listener)) process.removeListener(event, /** @type {() => void} */ (listener));
}

/** @param {Set<symbol>} kept */
function deleteFrameworkExcept(kept) {
  for (const key of Object.getOwnPropertySymbols(globalThis))
    if (FRAMEWORK.has(key.description ?? '') && !kept.has(key)) Reflect.deleteProperty(globalThis, key);
}
