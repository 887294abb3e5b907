import type { PipeTransform } from '@nestjs/common';
import { CodedError } from '#observability';
import { type IdPrefix, uuidOf } from './public-id.js';

/** Turns the id of a path into a UUID. A malformed one names nothing, so the answer is that of an unknown one. */
export class PublicIdPipe implements PipeTransform<string, string> {
  constructor(
    private readonly prefix: IdPrefix,
    private readonly code: string,
    private readonly noun: string,
  ) {}

  transform(text: string): string {
    const uuid = uuidOf(this.prefix, text);
    if (uuid === undefined) throw new CodedError(this.code, `There is no such ${this.noun}.`);
    return uuid;
  }
}
