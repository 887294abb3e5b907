import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault as AnswerFault, FaultyEndpoint } from '../authorization-servers/contract.js';
import { shapes } from '../authorization-servers/fault-shapes.js';
import type { ErrorShape, RefusedAt } from '../plan/fault.js';
import type { Injectors } from './injector.js';
import type { World } from './world.js';

/** The faults of answers, all of them at the platform. */
export const answerInjectors: Injectors<'slow' | 'errors' | 'rewrites' | 'refusals'> = {
  slow: ({ platform }, { answer, lasts }) => during(platform, { token: shapes.slow(answer / 1_000) }, lasts),

  errors: ({ platform }, { shape, lasts }) => during(platform, { token: ERRORS[shape] }, lasts),

  rewrites: ({ platform }, { how, lasts }) => during(platform, { token: shapes.rewrite(how) }, lasts),

  refusals: ({ platform }, { at, lasts }) => during(platform, REFUSALS[at], lasts),
};

const ERRORS: Record<ErrorShape, AnswerFault> = {
  http_500: shapes.status(500),
  http_503_html: shapes.html(503),
  http_502_after: shapes.html(502, 'after'),
  http_504_after: shapes.html(504, 'after'),
  http_403_html: shapes.html(403),
  http_429: shapes.rateLimited(2),
  empty_200: shapes.empty(),
  wrong_json: shapes.wrongJson(),
  wrong_json_after: shapes.wrongJson('after'),
  torn_json_after: shapes.tornJson('after'),
  invalid_client: shapes.oauthError('invalid_client', 401),
  unlisted_refusal: shapes.oauthError('consent_is_under_review'),
};

type FaultsByEndpoint = Partial<Record<FaultyEndpoint, AnswerFault>>;

const REFUSED_REFRESH = shapes.oauthError('invalid_grant');
const REFUSED_CALL = shapes.oauthError('invalid_token', 401);

const REFUSALS: Record<RefusedAt, FaultsByEndpoint> = {
  token: { token: REFUSED_REFRESH },
  userinfo: { userinfo: REFUSED_CALL },
  both: { token: REFUSED_REFRESH, userinfo: REFUSED_CALL },
};

async function during(platform: World['platform'], faults: FaultsByEndpoint, lasts: number): Promise<boolean> {
  const endpoints = Object.keys(faults) as FaultyEndpoint[];
  for (const endpoint of endpoints) await platform.always(faults[endpoint] ?? null, endpoint);
  await sleep(lasts);
  for (const endpoint of endpoints) await platform.always(null, endpoint);
  return true;
}
