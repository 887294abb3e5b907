import { applyDecorators } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiParam, ApiQuery } from '@nestjs/swagger';
import { PUSH_FAMILIES } from '#providers';
import { Describe } from '../docs/describe.js';
import { challengeExample, challengeSchema, deletionExample, deletionSchema } from './push.schema.js';
import { idInPath } from '../http/fields.js';

const PARAMETERS: Record<'family' | 'oauthAppId' | 'topic', Parameters<typeof ApiParam>[0]> = {
  family: { name: 'family', schema: { type: 'string', enum: [...PUSH_FAMILIES], example: PUSH_FAMILIES[0] } },
  oauthAppId: { name: 'oauthAppId', schema: idInPath('oa', 'oa_01h455vb4pex5vsknk084sn02s') },
  topic: { name: 'topic', schema: { type: 'string', enum: ['deauthorize', 'data-deletion'], example: 'deauthorize' } },
};
type Parameter = keyof typeof PARAMETERS;

const REFUSAL = { status: 401, description: 'Not signed by an app of ours, or none of our URLs. The body is empty.' };
const parametersOf = (names: Parameter[]): MethodDecorator[] => names.map((name) => ApiParam(PARAMETERS[name]));

/** The documentation of a URL that only platforms call. */
export const DescribePush = (summary: string, ...path: Parameter[]): MethodDecorator =>
  applyDecorators(
    ...parametersOf(path),
    ApiConsumes('application/json', 'application/x-www-form-urlencoded'),
    ApiBody({
      required: true,
      schema: {},
      examples: { example: { value: { signed_request: 'c2ln.eyJ1c2VyX2lkIjoiMSJ9' } } },
    }),
    Describe({
      summary,
      description:
        'Moves the accounts that the call is about, or deletes their data, once its signature is verified. A repeated call gets the same answer.',
      answers: [
        {
          status: 200,
          description: 'Taken, now or before. The body is empty, but for a request to delete data.',
          schema: deletionSchema,
          example: deletionExample,
        },
        REFUSAL,
      ],
      problems: [],
      isPublic: true,
    }),
  );

/** The documentation of the challenge with which a platform verifies a URL. */
export const DescribeChallenge = (summary: string, ...path: Parameter[]): MethodDecorator =>
  applyDecorators(
    ...parametersOf(path),
    ApiQuery({ name: 'crc_token', required: false, schema: { type: 'string' }, example: 'NjA1MzE0NDg2' }),
    Describe({
      summary,
      description:
        'The answer is an HMAC of the token with the secret of the app, which proves that the app is registered here.',
      answers: [
        { status: 200, description: 'The proof.', schema: challengeSchema, example: challengeExample },
        REFUSAL,
      ],
      problems: [],
      isPublic: true,
    }),
  );
