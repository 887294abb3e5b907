import { Module } from '@nestjs/common';
import { LeasedAccountsController, ProjectLeasesController } from './leases.controller.js';
import { LeaseRequestsController } from './lease-requests.controller.js';
import { PoolController } from './pool.controller.js';

/** Leased accounts, for the projects that use them and for the operators who provide them. */
@Module({
  controllers: [ProjectLeasesController, LeasedAccountsController, PoolController, LeaseRequestsController],
})
export class LeasesModule {}
