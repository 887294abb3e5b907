import { Controller, Get, Query, Req, Res } from '@nestjs/common';
import { ApiQuery, ApiTags } from '@nestjs/swagger';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { type Landing, ReadLanding } from '#accounts';
import { EXAMPLE_PROVIDER } from '../docs/example-provider.js';
import { Describe } from '../docs/describe.js';
import { Public } from '../http/auth/caller.js';
import { type Page, sendPage } from '../http/page.js';

const COOKIE_NAME = 'evergrant_landing';
const COOKIE_SECONDS = 600;
const COOKIE_VALUE = new RegExp(`(?:^|;\\s*)${COOKIE_NAME}=([\\w.-]{1,200}):([\\w.-]{1,128})(?:;|$)`);

/** What the callback leaves in the cookie for the landing page: the attempt of this browser, and the request to find in the logs. */
interface LandingProof {
  state: string;
  requestId: string;
}

/** The cookie proves that the attempt belongs to this browser. The URL of the page does not contain it. */
export function setLandingCookie(reply: FastifyReply, state: string, publicUrl: string): void {
  const secure = publicUrl.startsWith('https:') ? '; Secure' : '';
  const value = `${state}:${reply.request.id}`;
  reply.header(
    'Set-Cookie',
    `${COOKIE_NAME}=${value}; Path=/connected; Max-Age=${COOKIE_SECONDS}; HttpOnly; SameSite=Lax${secure}`,
  );
}

function landingProof({ headers }: Pick<FastifyRequest, 'headers'>): LandingProof | undefined {
  const [, state, requestId] = COOKIE_VALUE.exec(headers.cookie ?? '') ?? [];
  return state === undefined || requestId === undefined ? undefined : { state, requestId };
}

/** The last page of a flow whose start named no return URL. */
@ApiTags('Browser endpoints')
@Public()
@Controller('/connected')
export class ConnectedController {
  constructor(private readonly readLanding: ReadLanding) {}

  @Get()
  @ApiQuery({ name: 'connected', required: false, schema: { type: 'string' }, example: EXAMPLE_PROVIDER })
  @ApiQuery({ name: 'oauth_error', required: false, schema: { type: 'string' }, example: 'access_denied' })
  @Describe({
    summary: 'The page for a browser that has nowhere else to go',
    description: 'The end of an attempt whose start named no return URL. The page shows how the attempt ended.',
    answers: { status: 200, description: 'A plain page.', contentType: 'text/html', example: '<!doctype html>…' },
    problems: [],
    isForBrowsers: true,
  })
  async page(
    @Query() query: Record<string, unknown>,
    @Req() request: FastifyRequest,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const proof = landingProof(request);
    const landing = proof && (await this.readLanding.execute(proof.state));
    sendPage(reply, 200, { ...landingPage(query, landing), requestId: landing && proof.requestId });
  }
}

const START_AGAIN = 'Go back to the application and start again.';

/** The explanation and the advice for each `oauth_error` of docs/guide.md. `@` stands for the platform. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  access_denied: [
    'You did not allow the connection, so @ shared nothing and no account was connected.',
    `If that was a mistake: ${START_AGAIN.toLowerCase()}`,
  ],
  state_expired: [
    'The connection was not finished within its ten minutes, or the application did not confirm it. No account was connected.',
    START_AGAIN,
  ],
  state_reused: [
    'This link was opened a second time, and a connection link works once.',
    'Look in the application whether the account is connected. If it is not, start again.',
  ],
  exchange_failed: [
    '@ did not accept the end of the connection. No account was connected.',
    `${START_AGAIN} If it happens again, give the error code and the request to the people who run the application.`,
  ],
  no_eligible_account: [
    'Nothing that you opened at @ can be connected here: some platforms connect only a Page or a professional account that you may publish for.',
    'Start again with an account that has the right to publish, and select it at the platform.',
  ],
  account_mismatch: [
    'You signed in at @ as another person than before. The account that was to be connected again belongs to another person; nothing was changed.',
    'Sign out at the platform, then start again with the account that you want to reconnect.',
  ],
  missing_permissions: [
    'A permission that the application needs was not given at @.',
    'Start again and leave all boxes ticked.',
  ],
  app_misconfigured: [
    '@ refuses the application: it is not set up correctly there. You can do nothing about it.',
    'Report this to the people who run the application, with the error code and the request.',
  ],
  provider_unavailable: [
    '@ has not answered in time. The connection may still be finished within a few minutes.',
    'Wait a few minutes and look in the application. If the account is not there, start again.',
  ],
  server_error: [
    'An error on our side stopped the connection.',
    'Start again in a few minutes. If it happens again, give the error code and the request to the people who run the application.',
  ],
};

/**
 * The names of the platform and the accounts come from the attempt that the cookie proves. The query alone, which any link can
 * contain, selects among fixed sentences and adds no name.
 */
function landingPage(query: Record<string, unknown>, landing: Landing | undefined): Page {
  const reason = query.oauth_error;
  if (landing) return provenPage(landing, reason);
  if (reason !== undefined) return failurePage(typeof reason === 'string' ? reason : '');
  return query.connected === undefined ? NOTHING : UNPROVEN;
}

function provenPage(landing: Landing, reason: unknown): Page {
  const { status, error, platform } = landing;
  if (status === 'completed') return connectedPage(landing, reason === 'state_reused');
  if (status === 'selection_required') return selectionPage(landing);
  if (status === 'confirmation_required') return confirmationPage(landing);
  return failurePage(error ?? (typeof reason === 'string' ? reason : 'provider_unavailable'), platform);
}

function connectedPage({ platform, accounts }: Landing, isSecondVisit: boolean): Page {
  const what =
    accounts.length === 1 ? 'This account is connected.' : `These ${accounts.length} accounts are connected.`;
  const note = isSecondVisit
    ? ['The link was opened a second time; the account had been connected the first time.']
    : [];
  return {
    tone: 'good',
    title: 'Connected',
    platform,
    accounts: accounts.map(({ handle, displayName }) => ({
      name: displayName ?? handle ?? 'An account without a name',
      detail: handle === null || displayName === null ? undefined : `@${handle.replace(/^@/, '')}`,
    })),
    text: [what, ...note, 'You can close this window and go back to the application.'],
  };
}

const selectionPage = ({ platform }: Landing): Page => ({
  tone: 'neutral',
  title: 'One more step',
  platform,
  text: [
    'The consent opens several accounts, and none of them is connected yet.',
    'Go back to the application and choose there which ones to connect. The choice is open for ten minutes.',
  ],
});

const confirmationPage = ({ platform }: Landing): Page => ({
  tone: 'neutral',
  title: 'One more step',
  platform,
  text: [
    'The application has not confirmed the connection yet.',
    'Go back to the application and finish there. The connection can be confirmed for ten minutes.',
  ],
});

function failurePage(reason: string, platform?: string): Page {
  const isKnown = Object.hasOwn(REASONS, reason);
  const text = (isKnown && REASONS[reason]) || ['No account was connected.', START_AGAIN];
  const code = isKnown ? reason : undefined;
  return {
    tone: 'bad',
    title: 'Not connected',
    platform,
    text: text.map((sentence) => namePlatform(sentence, platform)),
    code,
  };
}

function namePlatform(sentence: string, platform = 'the platform'): string {
  const text = sentence.replace('@', platform);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const NOTHING: Page = {
  tone: 'neutral',
  title: 'Nothing to see',
  text: ['This page is shown at the end of a connection.', START_AGAIN],
};

/** For a query that claims success in a browser without the cookie. */
const UNPROVEN: Page = {
  tone: 'neutral',
  title: 'Connected',
  text: [
    'This page follows a finished connection. Which account it was is shown for ten minutes, and only in the browser that connected it.',
    'Go back to the application to see its accounts.',
  ],
};
