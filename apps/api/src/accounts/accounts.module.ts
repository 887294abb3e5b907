import { Module } from '@nestjs/common';
import { AccountHealthController } from './account-health.controller.js';
import { AccountSettingsController } from './account-settings.controller.js';
import { AccountsController } from './accounts.controller.js';

/** The accounts surface of accounts (api.md 3.2). */
@Module({ controllers: [AccountsController, AccountHealthController, AccountSettingsController] })
export class AccountsSurfaceModule {}
