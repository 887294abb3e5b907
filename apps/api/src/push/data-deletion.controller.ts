import { Controller, Get, HttpStatus, Param, Res } from '@nestjs/common';
import { ApiParam, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { ReadDeletion } from '#accounts';
import { CodedError } from '#observability';
import { Describe } from '../docs/describe.js';
import { Public } from '../http/auth/caller.js';
import { isoTime } from '../http/fields.js';
import { type Page, sendPage } from '../http/page.js';
import { deletionExample } from './push.schema.js';

/** The page on which a person reads whether a requested deletion is done. */
@ApiTags('Browser endpoints')
@Public()
@Controller('/data-deletion')
export class DataDeletionController {
  constructor(private readonly readDeletion: ReadDeletion) {}

  @Get('/:code')
  @ApiParam({
    name: 'code',
    schema: { type: 'string', pattern: '^[0-9A-Za-z]{1,40}$', example: deletionExample.confirmation_code },
  })
  @Describe({
    summary: 'The page that shows whether a deletion was done',
    description: 'For the person who requested the deletion at the platform; the platform shows its URL and the code.',
    answers: { status: 200, description: 'It was.', contentType: 'text/html', example: '<!doctype html>…' },
    problems: ['deletion.not_found'],
    isForBrowsers: true,
  })
  async page(@Param('code') code: string, @Res() reply: FastifyReply): Promise<void> {
    const at = await this.readDeletion.execute(code);
    if (!at) throw new CodedError('deletion.not_found', 'No deletion has this code.');
    sendPage(reply, HttpStatus.OK, donePage(at));
  }
}

const donePage = (at: Date): Page => ({
  tone: 'good',
  title: 'Your data were deleted',
  text: [
    `The platform requested it on your behalf, and it was done on ${isoTime(at)}: access tokens, name, picture and all that went with them.`,
  ],
});
