import { Module } from '@nestjs/common';
import { CallbackController } from './callback.controller.js';
import { ConnectController } from './connect.controller.js';
import { ConnectedController } from './connected.controller.js';
import { ReauthController } from './reauth.controller.js';

/** Start → callback → account, and the attempt in between (api.md 3.4). */
@Module({ controllers: [ConnectController, ReauthController, CallbackController, ConnectedController] })
export class ConnectModule {}
