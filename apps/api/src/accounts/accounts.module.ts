import { Module } from '@nestjs/common';
import { AccountsController } from './accounts.controller.js';
import { EventFeedController } from './event-feed.controller.js';
import { ManualAccountsController } from './manual-accounts.controller.js';

/** The routes of accounts: create, list, read, refresh, probe, change, disconnect; and of their events. */
@Module({ controllers: [AccountsController, ManualAccountsController, EventFeedController] })
export class AccountsSurfaceModule {}
