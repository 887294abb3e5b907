import { Module } from '@nestjs/common';
import { AccountsController } from './accounts.controller.js';

/** The routes of accounts: list, read, refresh, probe, change, disconnect. */
@Module({ controllers: [AccountsController] })
export class AccountsSurfaceModule {}
