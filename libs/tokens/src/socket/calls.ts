import type { z } from 'zod';
import type { TokenExchange } from '../token-exchange.js';
import { codeCall, refreshCall, revokeCall } from './wire.schema.js';

/** A call of TokenExchange, read from the wire and ready to be made. */
export type ReadyCall = () => Promise<object>;

/** By name: what reads the input of a call. Undefined: the input is none of it. */
export function callsTo(exchange: TokenExchange): Map<string, (input: unknown) => ReadyCall | undefined> {
  return new Map([
    ['refresh', reader(refreshCall, ({ grantId, ...options }) => exchange.refresh(grantId, options))],
    ['exchange-code', reader(codeCall, ({ attemptId, code }) => exchange.exchangeCode(attemptId, code))],
    ['revoke', reader(revokeCall, async ({ tokens }) => ({ revoked: await exchange.revoke(tokens) }))],
  ]);
}

function reader<Input>(schema: z.ZodType<Input>, make: (input: Input) => Promise<object>) {
  return (input: unknown): ReadyCall | undefined => {
    const { success, data } = schema.safeParse(input);
    return success ? () => make(data) : undefined;
  };
}
