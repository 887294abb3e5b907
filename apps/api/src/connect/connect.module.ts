import { Module } from '@nestjs/common';
import { CallbackController } from './callback.controller.js';
import { ConnectController } from './connect.controller.js';
import { ConnectedController } from './connected.controller.js';
import { ReauthController } from './reauth.controller.js';

/** Start → callback → account, and the attempt in between. */
@Module({ controllers: [ConnectController, ReauthController, CallbackController, ConnectedController] })
export class ConnectModule {}
