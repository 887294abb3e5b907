/** Stops the throw-away PostgreSQL and removes its files. */
export default async function tearDown() {
  await globalThis.testDatabaseServer?.stop();
}
