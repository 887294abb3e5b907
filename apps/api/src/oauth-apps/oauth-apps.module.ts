import { Module } from '@nestjs/common';
import { OAuthAppChangesController } from './oauth-app-changes.controller.js';
import { OAuthAppsController } from './oauth-apps.controller.js';

/** The customers' own apps over HTTP. */
@Module({ controllers: [OAuthAppsController, OAuthAppChangesController] })
export class OAuthAppsModule {}
