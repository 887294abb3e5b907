import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.mjs';

const APPS = ['api', 'worker', 'exchanger', 'sandbox', 'cli'];
const BUNDLE = join(ROOT, 'dist/bundle');

/** Packages with native code, or with files that are read at run time. */
const READ_FROM_DISK = ['classic-level', 'fs-native-extensions', 'swagger-ui-dist'];

/** Packages that Nest, pg and Fastify's adapter load only where they are installed; none of them is. */
const NOT_INSTALLED = [
  '@fastify/multipart',
  '@fastify/view',
  '@nestjs/microservices',
  '@nestjs/platform-express',
  '@nestjs/websockets',
  'class-transformer',
  'class-validator',
  'pg-native',
];

/** What packages in CommonJS expect in their scope. */
const COMMONJS_SCOPE = `import { createRequire as scopeRequire } from 'node:module';
const require = scopeRequire(import.meta.url), __filename = import.meta.filename, __dirname = import.meta.dirname;`;

/**
 * Joins the compiled apps and their packages into a few files in `dist/bundle`: a process that reads 1,400 files spends most of
 * its start on finding and compiling them. The compiled files stay: the bundler has no decorator metadata, so it reads these.
 */
export async function bundle() {
  // Not at the top: this file is loaded before the packages are installed.
  const { build } = await import('esbuild');
  rmSync(BUNDLE, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: APPS.map((app) => ({ in: `dist/apps/${app}/src/main.js`, out: app })),
    outdir: BUNDLE,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    // The compiler writes `let A = class A`, and the bundler names the inner one A2; the names of controllers are in the OpenAPI document.
    keepNames: true,
    banner: { js: COMMONJS_SCOPE },
    external: [READ_FROM_DISK, NOT_INSTALLED].flat().flatMap((name) => [name, `${name}/*`]),
    // For `node --enable-source-maps`; the sources are beside them in the repository.
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    logLevel: 'warning',
  });
  nameAtStartOnly();
}

/** As esbuild writes it for `keepNames`. */
const NAMING = /^var __name = \(target, value\) => (__defProp\(target, "name", \{ value, configurable: true \}\));$/m;

/**
 * The helper that keeps names runs for each function within a function, too, at each of its calls: in an API process under load a
 * twentieth of the time. Once the process has started it names only what has a prototype, as the classes of a chunk that is loaded later.
 */
function nameAtStartOnly() {
  const files = readdirSync(BUNDLE).filter((name) => name.endsWith('.js'));
  const helpers = files.filter((name) => {
    const path = join(BUNDLE, name);
    const text = readFileSync(path, 'utf8');
    const changed = text.replace(NAMING, (_, define) => {
      const isNamed = '__isStarting || Object.hasOwn(target, "prototype")';
      return `var __isStarting = true; setImmediate(() => { __isStarting = false; }); var __name = (target, value) => ${isNamed} ? ${define} : target;`;
    });
    if (changed !== text) writeFileSync(path, changed);
    return changed !== text;
  });
  if (helpers.length === 0) throw new Error('the bundles have no helper __name of the known form');
}
