import { Param } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { PublicIdPipe } from '../http/fields.js';
import { accountExample } from './account.schema.js';

/** The account that the path names, as its UUID; a malformed id is an unknown account. */
export const AccountId = (): ParameterDecorator => Param('id', new PublicIdPipe('acc', 'account.not_found', 'account'));

/** The path's id in the documentation. */
export const DescribeAccountId = (): MethodDecorator => ApiParam({ name: 'id', example: accountExample.id });
