import { it } from '@jest/globals';
import { openEmptyDatabase } from '../../../test/support/open-database.js';
it('x', async () => {
  const o = await openEmptyDatabase();
  await o.database.dataSource.runMigrations();
  const sql = await o.database.dataSource.driver.createSchemaBuilder().log();
  console.log(sql.upQueries.map((q) => q.query).join('\n'));
  await o.close();
});
