import { Module } from '@nestjs/common';
import { OAuthAppChangesController } from './oauth-app-changes.controller.js';
import { OAuthAppsController } from './oauth-apps.controller.js';

/** Bring your own keys (api.md 3.3). */
@Module({ controllers: [OAuthAppsController, OAuthAppChangesController] })
export class OAuthAppsModule {}
