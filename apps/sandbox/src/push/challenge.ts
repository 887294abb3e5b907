import type { z } from 'zod';
import { seconds } from '#config';
import { receiverOf, sandboxes, type SandboxState } from '#providers/sandbox';
import type { AppSettings } from '../control/control.schema.js';
import { Problem } from '../control/problem.js';

/** What a server is given to answer. */
const ANSWER_TIMEOUT_MS = seconds(3);

/** Where a platform requires a proof before it accepts a URL, requests it too; only a holder of the app's secret can give it. */
export async function assertAnswersChallenge(
  state: SandboxState,
  { provider, client_id, push_url }: z.output<typeof AppSettings>,
): Promise<void> {
  const receiver = receiverOf({ ...state.push(provider, client_id), provider, clientId: client_id, url: push_url });
  const challenge = receiver && sandboxes.find(({ name }) => name === provider)?.push?.challenge?.(receiver);
  if (!challenge || challenge.isProof(await requestProof(challenge.url))) return;
  const message = "does not answer the platform's challenge with the secret of this app";
  throw new Problem(400, 'Bad Request', 'Not allowed: push_url.', [{ field: 'push_url', message }]);
}

async function requestProof(url: string): Promise<unknown> {
  try {
    const answer = await fetch(url, { redirect: 'manual', signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS) });
    return await answer.json();
  } catch {
    return undefined;
  }
}
