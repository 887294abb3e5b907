import { expect, it } from '@jest/globals';
import { count } from './faults.mjs';

it('each row and figure of the fault test counts once, whether it is reached, missed or skipped', () => {
  const counted = { passed: 0, failed: 0, skipped: 0, failures: [] };
  const printed = [
    'seed 7',
    'ok    worker, API kill -9 (oidc-provider, postgres): 8 faults, 240 rotations, 0 lost, 31 s',
    'MISSED  PostgreSQL stop (oidc-provider, postgres): 1 faults, 96 rotations, 2 lost, 40 s',
    '        I1 (the stored refresh token works): x',
    'MISSED  PostgreSQL stop (oidc-provider, postgres): 2 accounts lost',
    'No disk can be mounted here: "full journal disk" is skipped.',
    'ok      exchanger throughput',
    'MISSED  exchanger memory with 10,000 queued',
  ];
  for (const line of printed) count(line, counted);
  expect(counted).toMatchObject({ passed: 2, failed: 2, skipped: 1 });
  expect(counted.failures).toHaveLength(2);
});
