import { Injectable } from '@nestjs/common';
import { PushApps } from './push-apps.js';

interface Challenge {
  family: string;
  oauthAppId: string;
  query: Readonly<Record<string, unknown>>;
}

const NOTHING = Buffer.alloc(0);

/** Proves to a platform that the URL is its app owner's, by the secret that both know. */
@Injectable()
export class AnswerChallenge {
  constructor(private readonly apps: PushApps) {}

  /** Undefined: there is no such app, its platform does not ask, or the question is none of its. */
  async execute({ family, oauthAppId, query }: Challenge): Promise<object | undefined> {
    const [app] = await this.apps.find({ family, oauthAppId, body: NOTHING });
    return app?.provider.push.answerChallenge?.(query, app.credentials);
  }
}
