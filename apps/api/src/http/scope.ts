import { applyDecorators, SetMetadata } from '@nestjs/common';
import { ApiExtension } from '@nestjs/swagger';
import type { ApiScope } from '#accounts';

export const SCOPES_KEY = 'evergrant:scopes';

/** The route requires one of these scopes; without the decorator any valid credential is enough. */
export const Scopes = (...oneOf: [ApiScope, ...ApiScope[]]): MethodDecorator =>
  applyDecorators(SetMetadata(SCOPES_KEY, oneOf), ApiExtension('x-required-scopes', [...oneOf]));
