import { afterAll, beforeAll, beforeEach } from '@jest/globals';
import { Vault } from '#tokens';
import { DueProbes } from '../../libs/accounts/src/probe/due-probes.js';
import { Flow, RETURN_URL, type SandboxCall } from './flow.js';

export const PAGES = 'facebook';

export interface Page {
  id: string;
  pageId: string;
  health: string;
  reason: string | null;
  grantId: string;
  tokenVersion: string | null;
}

type StartOverrides = Parameters<Flow['start']>[1];

/** A tenant whose accounts are Pages, all on the grant of the person who consented. */
export class PagesTenant {
  #flow: Flow | undefined;

  /** Opens a flow for the file that calls this, and begins it anew with an app of the platform for each of its tests. */
  static forEachTest(): PagesTenant {
    const tenant = new PagesTenant();
    beforeAll(async () => {
      tenant.#flow = await Flow.open();
    });
    afterAll(() => tenant.flow.close());
    beforeEach(async () => {
      await tenant.flow.begin();
      await tenant.flow.app(PAGES);
    });
    return tenant;
  }

  get flow(): Flow {
    if (!this.#flow) throw new Error('the flow opens before the first test');
    return this.#flow;
  }

  /** The connected Pages in the order of their ids at the platform. */
  pages(): Promise<Page[]> {
    return this.flow.many(
      `select accounts.id, platform_account_id as "pageId", health, health_reason as reason,
         accounts.grant_id as "grantId", account_tokens.version as "tokenVersion"
       from accounts left join account_tokens on account_tokens.account_id = accounts.id
       where workspace_id = $1 and health <> 'disconnected' order by platform_account_id`,
      [this.flow.tenant.workspaceId],
    );
  }

  async states(): Promise<(string | null)[][]> {
    return (await this.pages()).map(({ health, reason }) => [health, reason]);
  }

  /** The ids of the Pages whose probe is due, in the same order. */
  async due(): Promise<string[]> {
    const sql =
      'select id from accounts where workspace_id = $1 and probe_due_at <= db_now() order by platform_account_id';
    return (await this.flow.many<{ id: string }>(sql, [this.flow.tenant.workspaceId])).map(({ id }) => id);
  }

  async tokenOf(id: string): Promise<string> {
    const vault = this.flow.get(Vault);
    return (await vault.openAccountToken(this.flow.pool, { ...this.flow.tenant, id }))!.reveal();
  }

  /** Start, consent and callback; `ticked`: the Pages that the person ticks, all of them by default. */
  async consent(persona: string, overrides: StartOverrides = {}, ticked?: string[]): Promise<string> {
    const { authorizeUrl } = await this.flow.start(PAGES, overrides);
    return this.land(authorizeUrl, persona, ticked);
  }

  /** Consent and callback: the query with which the browser returns. */
  async land(authorizeUrl: string, persona: string, ticked?: string[]): Promise<string> {
    const url = ticked ? `${authorizeUrl}&sandbox_pages=${ticked.join(',')}` : authorizeUrl;
    const landing = await this.flow.callback(await this.flow.decide(url, persona));
    return landing.kind === 'redirect' ? landing.url.slice(RETURN_URL.length) : landing.kind;
  }

  refresh(grantId: string) {
    return this.flow.exchange().refresh(grantId, { forced: true });
  }

  async probe(...pages: Pick<Page, 'id'>[]): Promise<void> {
    for (const { id } of pages) await this.flow.get(DueProbes).probe(id);
  }

  async revocations(): Promise<SandboxCall[]> {
    return (await this.flow.calls('revoke')).filter(({ outcome }) => outcome === 'ok');
  }

  /** The successful revocations, once those that were begun have ended. */
  async revoked(): Promise<SandboxCall[]> {
    await this.flow.revoked();
    return this.revocations();
  }
}
