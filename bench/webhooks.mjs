// What webhooks cost, with a worker process, a local sink and a database of their own:
// `npm run build && node bench/webhooks.mjs [throughput|latency|hanging|backlog|notify ...] [--share 0.1]`.
import { readArguments } from '../tools/arguments.mjs';
import { missedFigures } from './load/report.mjs';
import { measureBacklog, measureHanging, measureLatency, measureNotify, measureThroughput } from './webhooks/parts.mjs';
import { openWorld } from './webhooks/world.mjs';

/** @type {Record<string, (context: import('./webhooks/parts.mjs').PartContext) => Promise<void>>} */
const PARTS = {
  throughput: measureThroughput,
  latency: measureLatency,
  hanging: measureHanging,
  backlog: measureBacklog,
  notify: measureNotify,
};

const { values, positionals } = readArguments({
  usage: `node bench/webhooks.mjs [${Object.keys(PARTS).join('|')} ...] [--share n]`,
  options: { share: { type: 'string' } },
  positionals: Object.keys(PARTS).length,
});

const world = await openWorld();
try {
  for (const name of positionals.length > 0 ? positionals : Object.keys(PARTS)) {
    const measure = PARTS[name];
    if (!measure) throw new Error(`there is no part "${name}"`);
    await measure({ world, share: Number(values.share ?? 1) });
  }
  console.log(`\n${missedFigures()} figures are missed`);
  if (missedFigures() > 0) process.exitCode = 1;
} finally {
  await world.close();
}
