import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import { ConfirmAttempt, ReadAttempt, SelectAccounts, StartConnect } from '#accounts';
import { CodedError } from '#observability';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { uuidOf, providerInPath, stateInPath } from '../http/fields.js';
import { AnswerKeeper, IDEMPOTENCY_PROBLEMS, Idempotent, type KeepAnswer } from '../http/idempotent.js';
import { Scopes } from '../http/auth/scopes.js';
import {
  attemptExample,
  attemptSchema,
  attemptView,
  type AttemptView,
  confirmableAttemptExample,
  confirmAttemptBody,
  type ConfirmAttemptBody,
  confirmAttemptExample,
  selectableAttemptExample,
  selectAccountsBody,
  type SelectAccountsBody,
  selectAccountsExample,
} from './attempt.schema.js';
import {
  startConnectQuery,
  type StartConnectQuery,
  startedConnectExample,
  startedConnectSchema,
  startedConnectView,
  type StartedConnectView,
} from './start-connect.schema.js';

@ApiTags('Connect')
@Controller('/v1/oauth')
export class ConnectController {
  constructor(
    private readonly startConnect: StartConnect,
    private readonly readAttempt: ReadAttempt,
    private readonly selectAccounts: SelectAccounts,
    private readonly confirmAttempt: ConfirmAttempt,
  ) {}

  @Get('/:provider/start')
  @Scopes('oauth:write')
  @ApiParam({ name: 'provider', schema: providerInPath })
  @Describe({
    summary: 'Start to connect an account: send the browser to authorize_url',
    answers: { status: 200, description: 'An attempt.', schema: startedConnectSchema, example: startedConnectExample },
    problems: [
      'validation.failed',
      'provider.unknown',
      'provider.live_only',
      'oauth_app.missing',
      'oauth_app.not_found',
      'return_url.not_allowed',
      'user_ref.missing',
      'project.not_found',
      'scopes.invalid',
    ],
  })
  async start(
    @CurrentCaller() { tenant, credential }: Caller,
    @Param('provider') provider: string,
    @Query({ schema: startConnectQuery }) query: StartConnectQuery,
  ): Promise<StartedConnectView> {
    const started = await this.startConnect.execute({
      tenant,
      createdBy: credential,
      provider,
      oauthAppId: query.oauth_app_id && oauthAppId(query.oauth_app_id),
      returnUrl: query.return_url,
      projectId: query.project_id && projectId(query.project_id),
      scopes: query.scopes,
      userRef: query.user_ref,
      selection: query.selection,
    });
    return startedConnectView(started);
  }

  @Get('/attempts/:state')
  @Scopes('oauth:write', 'accounts:read')
  @ApiParam({ name: 'state', schema: stateInPath(attemptExample.state) })
  @Describe({
    summary: 'Read how far an attempt has come; only the credential that started it may',
    answers: { status: 200, description: 'The attempt.', schema: attemptSchema, example: attemptExample },
    problems: ['attempt.not_found'],
  })
  async attempt(@CurrentCaller() { tenant, credential }: Caller, @Param('state') state: string): Promise<AttemptView> {
    return attemptView(await this.readAttempt.execute({ tenant, createdBy: credential, state }));
  }

  @Post('/attempts/:state/selection')
  @HttpCode(200)
  @Idempotent()
  @Scopes('oauth:write')
  @ApiParam({ name: 'state', schema: stateInPath(selectableAttemptExample.state) })
  @Describe({
    summary: 'Select what becomes an account, where the attempt waits for that',
    description: 'After a 502 the attempt still waits: the platform did not answer; send it again.',
    body: selectAccountsExample,
    answers: { status: 200, description: 'The attempt.', schema: attemptSchema, example: attemptExample },
    problems: ['attempt.not_found', 'attempt.not_selectable', 'provider.unavailable', ...IDEMPOTENCY_PROBLEMS],
  })
  async select(
    @CurrentCaller() { tenant, credential }: Caller,
    @Param('state') state: string,
    @Body({ schema: selectAccountsBody }) { platform_account_ids }: SelectAccountsBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<AttemptView> {
    const attempt = await this.selectAccounts.execute({
      tenant,
      createdBy: credential,
      state,
      platformAccountIds: platform_account_ids,
      alongside: (tx, completed) => keepAnswer(tx, attemptView(completed)),
    });
    return attemptView(attempt);
  }

  @Post('/attempts/:state/complete')
  @HttpCode(200)
  @Idempotent()
  @Scopes('oauth:write')
  @ApiParam({ name: 'state', schema: stateInPath(confirmableAttemptExample.state) })
  @Describe({
    summary: 'Confirm whose browser came back, where the OAuth app has completion "confirm"',
    description:
      'Until then no account exists. A connect_token or user_ref of another attempt destroys the tokens and ends the attempt. After a 502 the attempt still waits: the platform did not answer; send it again.',
    body: confirmAttemptExample,
    answers: { status: 200, description: 'The attempt.', schema: attemptSchema, example: attemptExample },
    problems: [
      'attempt.not_found',
      'attempt.not_confirmable',
      'attempt.confirmation_mismatch',
      'provider.unavailable',
      ...IDEMPOTENCY_PROBLEMS,
    ],
  })
  async complete(
    @CurrentCaller() { tenant, credential }: Caller,
    @Param('state') state: string,
    @Body({ schema: confirmAttemptBody }) body: ConfirmAttemptBody,
    @AnswerKeeper() keepAnswer: KeepAnswer,
  ): Promise<AttemptView> {
    const attempt = await this.confirmAttempt.execute({
      tenant,
      createdBy: credential,
      state,
      connectToken: body.connect_token,
      userRef: body.user_ref,
      alongside: (tx, completed) => keepAnswer(tx, attemptView(completed)),
    });
    return attemptView(attempt);
  }
}

/** A malformed id gets the same answer as an unknown one. */
function oauthAppId(text: string): string {
  const id = uuidOf('oa', text);
  if (id === undefined) throw new CodedError('oauth_app.not_found', 'There is no such OAuth app.');
  return id;
}

function projectId(text: string): string {
  const id = uuidOf('prj', text);
  const fields = [{ field: 'project_id', message: 'names no project' }];
  if (id === undefined) throw new CodedError('project.not_found', 'project_id names no project.', { fields });
  return id;
}
