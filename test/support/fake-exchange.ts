import type { Secret } from '#observability';
import type { AppCheckOutcome } from '#providers';
import type { CodeOutcome, RefreshOptions, RefreshOutcome, TokenExchange } from '#tokens';

/** A TokenExchange that records its calls and gives the answers of a test, when the test releases them. */
export class FakeExchange implements TokenExchange {
  readonly refreshes: { grantId: string; options: RefreshOptions | undefined }[] = [];
  readonly codes: { attemptId: string; code: Secret }[] = [];
  readonly revocations: string[] = [];
  readonly checks: string[] = [];
  answers: { refresh: RefreshOutcome; code: CodeOutcome; revoke: boolean; check: AppCheckOutcome } = {
    refresh: { kind: 'refreshed' },
    code: { kind: 'exchanged' },
    revoke: true,
    check: { status: 'accepted' },
  };
  /** Whether calls throw. */
  fails = false;
  /** How many calls came to their end. */
  ended = 0;
  #held: Promise<unknown> = Promise.resolve();

  /** From now on calls wait until the answer is called. */
  hold(): () => void {
    let release = (): void => undefined;
    this.#held = new Promise<void>((resolve) => {
      release = resolve;
    });
    return release;
  }

  async refresh(grantId: string, options?: RefreshOptions): Promise<RefreshOutcome> {
    this.refreshes.push({ grantId, options });
    return this.end(() => this.answers.refresh);
  }

  async exchangeCode(attemptId: string, code: Secret): Promise<CodeOutcome> {
    this.codes.push({ attemptId, code });
    return this.end(() => this.answers.code);
  }

  async revoke(revocationId: string): Promise<boolean> {
    this.revocations.push(revocationId);
    return this.end(() => this.answers.revoke);
  }

  async checkApp(appId: string): Promise<AppCheckOutcome> {
    this.checks.push(appId);
    return this.end(() => this.answers.check);
  }

  private async end<Outcome>(outcome: () => Outcome): Promise<Outcome> {
    await this.#held;
    this.ended += 1;
    if (this.fails) throw new Error('why');
    return outcome();
  }
}
