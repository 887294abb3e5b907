import { z } from 'zod';
import { annotateSpan } from '#observability';
import { checkAppCall, codeCall, refreshCall, revokeCall, type TokenExchange, type WireCall } from '#tokens';

/** Makes one call. Undefined: the input does not fit this call, and nothing was done. */
export type Carrier = (input: unknown) => Promise<unknown> | undefined;

/** By call name: decodes the input, makes the call, encodes the outcome. */
export function callsTo(exchange: TokenExchange): Map<string, Carrier> {
  return new Map([
    carry(refreshCall, ({ grantId, forced, patience }) => {
      annotateSpan({ 'evergrant.grant.id': grantId });
      return exchange.refresh(grantId, { forced, maxWait: patience });
    }),
    carry(codeCall, ({ attemptId, code }) => {
      annotateSpan({ 'evergrant.attempt.id': attemptId });
      return exchange.exchangeCode(attemptId, code);
    }),
    carry(checkAppCall, ({ appId }) => {
      annotateSpan({ 'evergrant.oauth_app.id': appId });
      return exchange.checkApp(appId);
    }),
    carry(revokeCall, ({ revocationId }) => {
      annotateSpan({ 'evergrant.revocation.id': revocationId });
      return exchange.revoke(revocationId).then((revoked) => ({ revoked }));
    }),
  ]);
}

function carry<Input, Outcome>(
  call: WireCall<Input, Outcome>,
  make: (input: Input) => Promise<Outcome>,
): [string, Carrier] {
  const begin: Carrier = (input) => {
    const { success, data } = z.safeDecode(call.input, input);
    return success ? make(data).then((outcome) => z.encode(call.outcome, outcome)) : undefined;
  };
  return [call.name, begin];
}
