import { Injectable } from '@nestjs/common';
import { pushingProviders } from '#providers';
import { PushApps } from './push-apps.js';

interface Challenge {
  family: string;
  oauthAppId: string;
  query: Readonly<Record<string, unknown>>;
}

/** Proves to a platform that the URL belongs to the owner of its app, with the secret that both have. */
@Injectable()
export class AnswerChallenge {
  constructor(private readonly apps: PushApps) {}

  /** Undefined: the app does not exist, or its platform sends no such challenge. */
  async execute({ family, oauthAppId, query }: Challenge): Promise<object | undefined> {
    if (!pushingProviders(family).some(({ push }) => push.isChallenge?.(query))) return undefined;
    const app = await this.apps.byId(family, oauthAppId);
    return app?.provider.push.answerChallenge?.(query, app.credentials);
  }
}
