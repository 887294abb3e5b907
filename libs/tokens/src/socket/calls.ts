import type { z } from 'zod';
import type { TokenExchange } from '../token-exchange.js';
import { codeCall, refreshCall, revokeCall } from './wire.schema.js';

/** By name: what reads the input of a call and makes it. Undefined: the input is none of it, and nothing was done. */
export function callsTo(exchange: TokenExchange): Map<string, (input: unknown) => Promise<object> | undefined> {
  return new Map([
    ['refresh', reader(refreshCall, ({ grantId, ...options }) => exchange.refresh(grantId, options))],
    ['exchange-code', reader(codeCall, ({ attemptId, code }) => exchange.exchangeCode(attemptId, code))],
    ['revoke', reader(revokeCall, async ({ tokens }) => ({ revoked: await exchange.revoke(tokens) }))],
  ]);
}

function reader<Input>(schema: z.ZodType<Input>, make: (input: Input) => Promise<object>) {
  return (input: unknown): Promise<object> | undefined => {
    const { success, data } = schema.safeParse(input);
    return success ? make(data) : undefined;
  };
}
