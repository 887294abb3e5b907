import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { PublicIdPipe } from '../http/fields.js';
import { oauthAppExample } from './oauth-app.schema.js';

/** The app that the path names, as its UUID; a malformed id is an unknown app. */
export const OAuthAppId = (): ParameterDecorator =>
  Param('id', new PublicIdPipe('oa', 'oauth_app.not_found', 'OAuth app'));

/** The path's id in the documentation. */
export const DescribeOAuthAppId = (): MethodDecorator => ApiParam({ name: 'id', example: oauthAppExample.id });
