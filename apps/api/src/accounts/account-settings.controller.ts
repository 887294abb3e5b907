import { Body, Controller, Patch } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { UpdateAccount } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { AccountId, DescribeAccountId } from './account-id.js';
import { accountExample, accountSchema, type AccountView } from './account.schema.js';
import { accountView } from './account.view.js';
import { updateAccountBody, type UpdateAccountBody, updateAccountExample } from './update-account.schema.js';

@ApiTags('Accounts')
@Controller('/v1/accounts/:id')
export class AccountSettingsController {
  constructor(private readonly updateAccount: UpdateAccount) {}

  @Patch()
  @DescribeAccountId()
  @Scopes('accounts:write')
  @Describe({
    summary: 'Change the handle, the metadata or the project of an account',
    body: updateAccountExample,
    answers: { status: 200, description: 'The account.', schema: accountSchema, example: accountExample },
    problems: ['account.not_found', 'account.connected_there', 'account.leased', 'project.not_found'],
  })
  async update(
    @CurrentCaller() { tenant }: Caller,
    @AccountId() id: string,
    @Body({ schema: updateAccountBody }) { handle, metadata, project_id }: UpdateAccountBody,
  ): Promise<AccountView> {
    return accountView(await this.updateAccount.execute({ tenant, id, handle, metadata, projectId: project_id }));
  }
}
