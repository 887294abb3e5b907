import { Module } from '@nestjs/common';
import { OAuthAppsController } from './oauth-apps.controller.js';

/** The routes of the customers' own OAuth apps. */
@Module({ controllers: [OAuthAppsController] })
export class OAuthAppsModule {}
