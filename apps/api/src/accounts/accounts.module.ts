import { Module } from '@nestjs/common';
import { AccountsController } from './accounts.controller.js';
import { ManualAccountsController } from './manual-accounts.controller.js';

/** The routes of accounts: create, list, read, refresh, probe, change, disconnect. */
@Module({ controllers: [AccountsController, ManualAccountsController] })
export class AccountsSurfaceModule {}
