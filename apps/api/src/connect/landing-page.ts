import type { Page } from './pages.js';

const CONNECTED: Page = { title: 'Connected', text: 'The account is connected. You can close this window.' };
const NOT_CONNECTED = 'Not connected';

/** What the person can do about each `oauth_error` of docs/guide.md. */
const REASONS: Record<string, string> = {
  access_denied: 'You did not allow the connection. Start again if that was a mistake.',
  state_expired: 'That took longer than ten minutes. Start again.',
  state_reused: 'This link was used before. Start again if the account is not connected.',
  exchange_failed: 'The platform did not accept the answer. Start again.',
  no_eligible_account: 'There is no account here that can be connected.',
  account_mismatch: 'You signed in as somebody else than before. Sign in with the account you want to reconnect.',
  missing_permissions: 'A permission that is needed was not given. Start again and leave all boxes ticked.',
  app_misconfigured: 'The app is not set up correctly at the platform. Tell the people who run it.',
  provider_unavailable: 'The platform did not answer. Try again in a few minutes.',
  server_error: 'Something went wrong on our side. Try again in a few minutes.',
};

/** The page for what the query says. Only known words are read, and none of the query is repeated. */
export function landingPage(query: Record<string, unknown>): Page {
  const reason = query.oauth_error;
  if (reason !== undefined) {
    const text = typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
    return { title: NOT_CONNECTED, text: text ?? 'The account was not connected. Start again.' };
  }
  if (query.connected !== undefined) return CONNECTED;
  return { title: 'Nothing to see', text: 'This page is shown at the end of a connection.' };
}
