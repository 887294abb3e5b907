import { Module } from '@nestjs/common';
import { ProjectsController } from './projects.controller.js';
import { ProjectAccountsController, SocialAccountsController } from './social.controller.js';

/** The projects surface: the second public model over the same use cases. */
@Module({ controllers: [ProjectsController, ProjectAccountsController, SocialAccountsController] })
export class ProjectsModule {}
