import type { FastifyReply } from 'fastify';
import { type Page, PAGE_POLICY, pageHtml } from './pages.js';

/** Answers a browser with a page of ours. */
export function sendPage(reply: FastifyReply, status: number, page: Page): void {
  void reply
    .status(status)
    .header('Content-Type', 'text/html; charset=utf-8')
    .header('Content-Security-Policy', PAGE_POLICY)
    .header('Cache-Control', 'no-store')
    .header('Referrer-Policy', 'no-referrer')
    .send(pageHtml(page));
}
