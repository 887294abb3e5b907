import { Module } from '@nestjs/common';
import { OAuthAppSetupController } from './oauth-app-setup.controller.js';
import { OAuthAppsController } from './oauth-apps.controller.js';

/** The routes of the customers' own OAuth apps. */
@Module({ controllers: [OAuthAppSetupController, OAuthAppsController] })
export class OAuthAppsModule {}
