import { Module } from '@nestjs/common';
import { CallbackController } from './callback.controller.js';
import { ConnectController } from './connect.controller.js';
import { ConnectedController } from './landing.js';
import { ReauthController, ReauthLinkController } from './reauth.controller.js';

/** The routes of a connect attempt: start, callback, selection, landing page. */
@Module({
  controllers: [ConnectController, ReauthController, ReauthLinkController, CallbackController, ConnectedController],
})
export class ConnectModule {}
