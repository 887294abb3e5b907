import type { FastifyReply, FastifyRequest } from 'fastify';
import {
  type Decision,
  decide,
  type Parameters,
  type Persona,
  personaNamed,
  type Platform,
  readAuthorization,
  Refusal,
  type SandboxDefinition,
} from '#providers/sandbox';
import { consentPage, pageBox } from '../pages/consent-page.js';
import { pageHeaders } from '../pages/layout.js';
import { refusalPage } from '../pages/refusal-page.js';
import type { CallResult } from './record-call.js';
import { runCall, type Sandbox } from './run-call.js';
import { sandboxRequestOf } from './requests.js';

/** GET shows the consent page, POST is its form; `sandbox_decision` in either answers at once. */
export const serveAuthorize =
  (sandbox: Sandbox, definition: SandboxDefinition) =>
  (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    const { query, form } = sandboxRequestOf(request);
    const carryOut = (platform: Platform): CallResult => answer(platform, query, { ...query, ...form });
    return runCall(sandbox, { definition, endpoint: 'authorize', carryOut }, reply);
  };

function answer(platform: Platform, query: Parameters, choice: Parameters): CallResult {
  try {
    const request = readAuthorization(platform, query);
    const persona = choosePersona(platform.definition, choice.sandbox_user ?? 'happy');
    const decision = readDecision(choice.sandbox_decision);
    if (!decision) return page(200, 'shown', consentPage(platform, request, persona));
    const location = decide(platform, request, persona, decision, readOpened(choice, persona)).href;
    return { outcome: 'ok', status: 303, body: '', headers: { location, 'cache-control': 'no-store' } };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return page(400, error.reason, refusalPage(platform.definition, error));
  }
}

/** The Pages that were opened: by name in `sandbox_pages`, or as the boxes that the consent page showed; undefined: all. */
function readOpened({ sandbox_pages: named, ...boxes }: Parameters, persona: Persona): string[] | undefined {
  if (named !== undefined) return named.split(',').filter(Boolean);
  if (boxes.sandbox_boxes === undefined) return undefined;
  const prefix = pageBox(persona, '');
  return Object.keys(boxes).flatMap((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : []));
}

const page = (status: number, outcome: string, body: string): CallResult => ({
  outcome,
  status,
  body,
  headers: pageHeaders,
});

function choosePersona(definition: SandboxDefinition, key: string): Persona {
  const persona = personaNamed(key);
  if (!persona || Object.hasOwn(definition.impossiblePersonas, key))
    throw new Refusal('invalid_parameter', 'sandbox_user');
  return persona;
}

function readDecision(text: string | undefined): Decision | undefined {
  if (text === undefined || text === 'approve' || text === 'deny') return text;
  throw new Refusal('invalid_parameter', 'sandbox_decision');
}
