import { Body, Controller, Get, HttpCode, HttpStatus, Param, Post, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type OpenedReauthLink, ReauthLinks, StartReauth } from '#accounts';
import { AccountId, DescribeAccountId } from '../accounts/account.schema.js';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller, Public } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { type Page, sendPage } from '../http/page.js';
import { RawBody } from '../http/raw-body.js';
import {
  reauthLinkView,
  startedConnectExample,
  startedConnectView,
  startedReauthSchema,
  type StartedReauthView,
  startReauthBody,
  type StartReauthBody,
  startReauthExample,
} from './start-connect.schema.js';

/** The connect flow for an existing account. It creates a state, so it requires the scope of a start. */
@ApiTags('Connect')
@Controller('/v1/accounts/:id/reauth')
export class ReauthController {
  constructor(
    private readonly startReauth: StartReauth,
    private readonly links: ReauthLinks,
  ) {}

  @Post()
  @DescribeAccountId()
  @HttpCode(200)
  @Scopes('oauth:write')
  @Describe({
    summary: 'Start to connect an account again: the same person, the same id',
    description:
      'With expires_in the answer is a link that can be sent to the person, valid for up to seven days; its end is the event account.reconnected.',
    body: startReauthExample,
    answers: {
      status: 200,
      description: 'An attempt, or a link without a state.',
      schema: startedReauthSchema,
      example: startedConnectExample,
    },
    problems: ['account.not_found', 'account.leased', 'oauth_app.missing', 'return_url.not_allowed', 'scopes.invalid'],
  })
  async start(
    @CurrentCaller() { tenant, credential }: Caller,
    @AccountId() id: string,
    @Body({ schema: startReauthBody }) { return_url, scopes, expires_in }: StartReauthBody,
  ): Promise<StartedReauthView> {
    const input = { tenant, createdBy: credential, id, returnUrl: return_url, scopes };
    if (expires_in === undefined) return startedConnectView(await this.startReauth.execute(input));
    return reauthLinkView(await this.links.create({ ...input, expiresIn: expires_in }));
  }
}

const LINK = {
  problems: ['reauth_link.not_found' as const, 'reauth_link.ended' as const],
  isForBrowsers: true,
};

/** The page behind a reauth link. Mail programs and chats fetch links, so only its button starts an attempt. */
@ApiTags('Browser endpoints')
@Public()
@ApiParam({
  name: 'token',
  schema: { type: 'string', pattern: '^[A-Za-z0-9_-]{43}$', example: 'vQ1m4o6Jb0m1y2kq7l0cB9rXQ8mS5fVYw2rJv0eJ1cS' },
})
@Controller('/reauth/:token')
export class ReauthLinkController {
  constructor(private readonly links: ReauthLinks) {}

  @Get()
  @Describe({
    summary: 'The page of a link with which a person connects an account again',
    description: 'Changes nothing, because previews of messages open links: the button of the page starts the attempt.',
    answers: { status: 200, description: 'A page.', contentType: 'text/html', example: '<!doctype html>…' },
    ...LINK,
  })
  async page(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    sendPage(reply, HttpStatus.OK, linkPage(await this.links.open(token)));
  }

  @Post()
  @RawBody()
  @Describe({
    summary: 'The button of that page: starts an attempt and redirects to the platform',
    description: 'May be pressed many times; the link ends with the first attempt that succeeds.',
    answers: {
      status: 303,
      description: 'To the platform.',
      headers: { Location: { description: 'The authorize URL.', schema: { type: 'string' } } },
    },
    ...LINK,
  })
  async follow(@Param('token') token: string, @Res() reply: FastifyReply): Promise<void> {
    const { authorizeUrl } = await this.links.follow(token);
    reply.header('Cache-Control', 'no-store').header('Referrer-Policy', 'no-referrer');
    await reply.status(HttpStatus.SEE_OTHER).header('Location', authorizeUrl).send();
  }
}

const linkPage = ({ platform, handle, displayName, authorizeScheme }: OpenedReauthLink): Page => ({
  tone: 'neutral',
  title: 'Connect this account again',
  platform,
  accounts: [
    {
      name: displayName ?? handle ?? 'An account without a name',
      detail: handle === null || displayName === null ? undefined : `@${handle.replace(/^@/, '')}`,
    },
  ],
  text: [
    `The application that sent you this link needs your consent at ${platform} again.`,
    'Sign in there as the person who owns this account. Nothing else is connected or changed.',
  ],
  button: { label: `Continue to ${platform}`, redirects: authorizeScheme },
});
