import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StartReauth } from '#accounts';
import { AccountId, DescribeAccountId } from '../accounts/account.schema.js';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import {
  startedConnectExample,
  startedConnectSchema,
  startedConnectView,
  type StartedConnectView,
  startReauthBody,
  type StartReauthBody,
  startReauthExample,
} from './start-connect.schema.js';

/** The connect flow for an existing account. It creates a state, so it requires the scope of a start. */
@ApiTags('Connect')
@Controller('/v1/accounts/:id/reauth')
export class ReauthController {
  constructor(private readonly startReauth: StartReauth) {}

  @Post()
  @DescribeAccountId()
  @HttpCode(200)
  @Scopes('oauth:write')
  @Describe({
    summary: 'Start to connect an account again: the same person, the same id',
    body: startReauthExample,
    answers: { status: 200, description: 'An attempt.', schema: startedConnectSchema, example: startedConnectExample },
    problems: ['account.not_found', 'account.leased', 'oauth_app.missing', 'return_url.not_allowed', 'scopes.invalid'],
  })
  async start(
    @CurrentCaller() { tenant, credential }: Caller,
    @AccountId() id: string,
    @Body({ schema: startReauthBody }) { return_url, scopes }: StartReauthBody,
  ): Promise<StartedConnectView> {
    return startedConnectView(
      await this.startReauth.execute({ tenant, createdBy: credential, id, returnUrl: return_url, scopes }),
    );
  }
}
