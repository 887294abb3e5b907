import { Injectable } from '@nestjs/common';
import { pushingProviders } from '#providers';
import { PushApps } from './push-apps.js';

interface Challenge {
  family: string;
  oauthAppId: string;
  query: Readonly<Record<string, unknown>>;
}

/** Proves to a platform that the URL is its app owner's, by the secret that both know. */
@Injectable()
export class AnswerChallenge {
  constructor(private readonly apps: PushApps) {}

  /** Undefined: there is no such app, its platform does not ask, or the question is none of its. */
  async execute({ family, oauthAppId, query }: Challenge): Promise<object | undefined> {
    if (!pushingProviders(family).some(({ push }) => push.isChallenge?.(query))) return undefined;
    const app = await this.apps.byId(family, oauthAppId);
    return app?.provider.push.answerChallenge?.(query, app.credentials);
  }
}
