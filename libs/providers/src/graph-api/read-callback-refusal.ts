import type { CallbackRefusal, RefusedConsent } from '../contract/provider.js';
import { classifyGraphError } from './graph.errors.js';

/**
 * Meta's login dialog refuses an app that is in development mode (901), inactive (1349126) or set up for another domain
 * (1349048) with `error_code` and `error_message`, and without `error`. The numbers are those of the Graph API: the ones of a
 * passing failure are reported as such, and every other one is for the app's owner.
 */
export function readCallbackRefusal({ error, code }: CallbackRefusal): RefusedConsent | undefined {
  if (error !== undefined || code === undefined) return undefined;
  const known = classifyGraphError({ status: 400, headers: {}, json: { error: { code: Number(code) } } });
  return known?.class === 'temporary' ? 'provider_unavailable' : 'app_misconfigured';
}
