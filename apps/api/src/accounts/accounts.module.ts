import { Module } from '@nestjs/common';
import { AccountHealthController } from './account-health.controller.js';
import { AccountSettingsController } from './account-settings.controller.js';
import { AccountsController } from './accounts.controller.js';

/** Accounts over HTTP: list, read, refresh, probe, change, disconnect. */
@Module({ controllers: [AccountsController, AccountHealthController, AccountSettingsController] })
export class AccountsSurfaceModule {}
