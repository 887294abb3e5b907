import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { StartReauth } from '#accounts';
import { AccountId, DescribeAccountId } from '../accounts/account-id.js';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { startReauthBody, type StartReauthBody, startReauthExample } from './start-reauth.schema.js';
import { startedConnectExample, startedConnectSchema, type StartedConnectView } from './start-connect.schema.js';
import { startedConnectView } from './started-connect.view.js';

/** The same flow for an account that is there: it mints a state, so its scope is that of a start. */
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
