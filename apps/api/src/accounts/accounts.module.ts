import { Module } from '@nestjs/common';
import { AccountsController } from './accounts.controller.js';

/** The accounts surface of accounts (api.md 3.2). */
@Module({ controllers: [AccountsController] })
export class AccountsSurfaceModule {}
