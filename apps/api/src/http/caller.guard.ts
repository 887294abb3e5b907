import { type ExecutionContext, Injectable } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { CodedError } from '#observability';
import { type Caller, PUBLIC_KEY } from './caller.js';

/** Every route asks who calls, but those that say they are public. */
@Injectable()
export class CallerGuard extends AuthGuard(['api-key', 'dashboard-jwt']) {
  constructor(private readonly reflector: Reflector) {
    super();
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    const isPublic = this.reflector.getAllAndOverride<boolean | undefined>(PUBLIC_KEY, [
      context.getHandler(),
      context.getClass(),
    ]);
    return isPublic === true || (await super.canActivate(context)) === true;
  }

  override getAuthenticateOptions(): { session: boolean; property: string } {
    return { session: false, property: 'caller' };
  }

  override handleRequest<Found = Caller>(error: unknown, caller: Found | false | null | undefined): Found {
    if (error) throw error as Error;
    if (!caller) {
      throw new CodedError(
        'credential.invalid',
        'A valid API key or dashboard token is needed, as Authorization: Bearer.',
      );
    }
    return caller;
  }
}
