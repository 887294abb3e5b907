import { Module } from '@nestjs/common';
import { OAuthAppsController } from './oauth-apps.controller.js';

/** Bring your own keys (api.md 3.3). */
@Module({ controllers: [OAuthAppsController] })
export class OAuthAppsModule {}
