import type { Landing } from '#accounts';
import type { Page } from '../http/page.js';

const NOT_CONNECTED = 'Not connected';
const START_AGAIN = 'Go back to the application and start again.';

/** What happened and what the person can do, for each `oauth_error` of docs/guide.md. `@` stands for the platform. */
const REASONS: Readonly<Record<string, readonly string[]>> = {
  access_denied: [
    'You did not allow the connection, so @ told us nothing and no account was connected.',
    `If that was a mistake: ${START_AGAIN.toLowerCase()}`,
  ],
  state_expired: [
    'More than ten minutes passed between the start and the return from @. A connection link works for ten minutes.',
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
    'You signed in at @ as somebody else than before. The account that was to be connected again belongs to another person; nothing was changed.',
    'Sign out at the platform, then start again with the account that you want to reconnect.',
  ],
  missing_permissions: [
    'A permission that the application needs was not given at @.',
    'Start again and leave all boxes ticked.',
  ],
  app_misconfigured: [
    '@ refuses the application: it is not set up correctly there. You can do nothing about it.',
    'Tell the people who run the application, with the error code and the request.',
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
 * The page at the end of a flow. What it says of a platform and of accounts comes from the attempt, which the browser proved
 * to be its own. The query alone, which anybody can write into a link, selects among fixed sentences and names nothing.
 */
export function landingPage(query: Record<string, unknown>, landing: Landing | undefined): Page {
  const reason = query.oauth_error;
  if (landing) return provenPage(landing, reason);
  if (reason !== undefined) return failurePage(typeof reason === 'string' ? reason : '');
  return query.connected === undefined ? NOTHING : UNPROVEN;
}

function provenPage(landing: Landing, reason: unknown): Page {
  const { status, error, platform } = landing;
  if (status === 'completed') return connectedPage(landing, reason === 'state_reused');
  if (status === 'selection_required') return selectionPage(landing);
  return failurePage(error ?? (typeof reason === 'string' ? reason : 'provider_unavailable'), platform);
}

function connectedPage({ platform, accounts }: Landing, again: boolean): Page {
  const what =
    accounts.length === 1 ? 'This account is connected.' : `These ${accounts.length} accounts are connected.`;
  const note = again ? ['The link was opened a second time; the account had been connected the first time.'] : [];
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

function failurePage(reason: string, platform?: string): Page {
  const isKnown = Object.hasOwn(REASONS, reason);
  const text = (isKnown && REASONS[reason]) || ['No account was connected.', START_AGAIN];
  const code = isKnown ? reason : undefined;
  return { tone: 'bad', title: NOT_CONNECTED, platform, text: text.map((sentence) => named(sentence, platform)), code };
}

function named(sentence: string, platform = 'the platform'): string {
  const text = sentence.replace('@', platform);
  return text.charAt(0).toUpperCase() + text.slice(1);
}

const NOTHING: Page = {
  tone: 'neutral',
  title: 'Nothing to see',
  text: ['This page is shown at the end of a connection.', START_AGAIN],
};

/** For a link that says so and a browser that cannot prove it. */
const UNPROVEN: Page = {
  tone: 'neutral',
  title: 'Connected',
  text: [
    'This page follows a finished connection. Which account it was is shown for ten minutes, and only in the browser that connected it.',
    'Go back to the application to see its accounts.',
  ],
};
