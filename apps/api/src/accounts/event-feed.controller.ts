import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { ReadFeed } from '#accounts';
import { Describe } from '../docs/describe.js';
import { type Caller, CurrentCaller } from '../http/auth/caller.js';
import { Scopes } from '../http/auth/scopes.js';
import { publicId } from '../http/fields.js';
import {
  eventPageExample,
  eventPageSchema,
  type EventPageView,
  eventView,
  readFeedQuery,
  type ReadFeedQuery,
} from './event-feed.schema.js';

@ApiTags('Events')
@Controller('/v1/events')
export class EventFeedController {
  constructor(private readonly readFeed: ReadFeed) {}

  @Get()
  @Scopes('accounts:read')
  @Describe({
    summary: 'Read the events of all accounts, oldest first',
    description:
      'Each event appears once, those of an account in the order of their sequence, and none appears behind one that you have received: store the id of the last event and pass it as after. Events are kept for 30 days; an older or unknown after is 410 with the id of the oldest event that is left.',
    answers: { status: 200, description: 'A page.', schema: eventPageSchema, example: eventPageExample },
    problems: ['account.not_found', 'validation.failed', 'event.gone'],
  })
  async read(
    @CurrentCaller() { tenant }: Caller,
    @Query({ schema: readFeedQuery }) { after, types, account_id: accountId, limit }: ReadFeedQuery,
  ): Promise<EventPageView> {
    const { items, next } = await this.readFeed.execute({ tenant, after, types, accountId, limit });
    return { items: items.map(eventView), next_cursor: next && publicId('evt', next) };
  }
}
