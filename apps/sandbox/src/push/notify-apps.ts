import { setTimeout as sleep } from 'node:timers/promises';
import { seconds } from '#config';
import { type PushMessage, receiverOf, sandboxes } from '#providers/sandbox';
import type { Occasion } from '../control/remove-apps.js';
import type { Sandbox } from '../platforms/run-call.js';

/** Platforms retry for days; a test does not wait that long. */
const PAUSES = [0, seconds(1), seconds(5)];
const ANSWER_TIMEOUT_MS = seconds(10);

/** Calls the apps that have a push URL, one after the other; never throws, and stops when `closing` does. Each call is in the call log. */
export async function notifyApps(
  sandbox: Sandbox,
  occasions: readonly Occasion[],
  closing: AbortSignal,
): Promise<void> {
  for (const occasion of occasions) {
    const { provider, clientId } = occasion;
    const receiver = receiverOf(sandbox.memory.state.push(provider, clientId));
    const message = receiver && sandboxes.find(({ name }) => name === provider)?.push?.message(occasion, receiver);
    if (message) await deliver(sandbox, occasion, message, closing);
  }
}

async function deliver(
  sandbox: Sandbox,
  occasion: Occasion,
  message: PushMessage,
  closing: AbortSignal,
): Promise<void> {
  for (const pause of PAUSES) {
    await sleep(pause, undefined, { ref: false, signal: closing }).catch(() => undefined);
    const status = closing.aborted ? 0 : await send(message, closing);
    if (closing.aborted) return;
    note(sandbox, occasion, status);
    if (status >= 200 && status < 300) return;
  }
}

/** The status of the answer; 0: there was none. */
async function send({ url, headers, body }: PushMessage, closing: AbortSignal): Promise<number> {
  const signal = AbortSignal.any([closing, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
  try {
    const answer = await fetch(url, { method: 'POST', headers, body, redirect: 'manual', signal });
    await answer.body?.cancel();
    return answer.status;
  } catch {
    return 0;
  }
}

function note({ memory, logger }: Sandbox, { provider, clientId, persona, kind }: Occasion, status: number): void {
  const outcome = status >= 200 && status < 300 ? 'ok' : 'not_taken';
  const call = memory.calls.add({
    provider,
    endpoint: 'push',
    push: kind,
    client_id: clientId,
    persona: persona.key,
    outcome,
    status,
  });
  logger[outcome === 'ok' ? 'debug' : 'info'](call, 'push.sent');
}
