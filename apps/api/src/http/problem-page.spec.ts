import { describe, expect, it } from '@jest/globals';
import { CodedError } from '#observability';
import { pageHtml, acceptsPage } from './page.js';
import { problemOf } from './problem.js';
import { problemPage } from './problem-page.js';

const HTML = 'text/html,application/xhtml+xml,*/*;q=0.8';
const accepts = (url: string, accept: string | undefined, is404 = false): boolean =>
  acceptsPage({ url, is404, headers: { ...(accept !== undefined && { accept }) } });

describe('the page for a problem', () => {
  it.each<[string, string | undefined]>([
    ['/connected?oauth_error=x', HTML],
    ['/connected', undefined],
    ['/', '*/*'],
    ['/v1/oauth/x/callback?state=a', '*/*'],
    ['/v1/oauth/x/callback/oa_1', HTML],
    ['/data-deletion/abc', 'text/html'],
    ['/nothing', HTML],
    ['/nothing', 'TEXT/HTML'],
    ['/connected', 'text/html, application/json'],
    ['/connected', 'application/json;q=0.5, text/*'],
    ['/connected', 'application/json;q=0, */*'],
  ])('is the answer at %s to a client that accepts %s', (url, accept) => {
    expect(accepts(url, accept)).toBe(true);
  });

  it.each<[string, string | undefined, boolean]>([
    ['/v1/accounts', HTML, false],
    ['/v1/oauth/x/start', HTML, false],
    ['/v1/nothing', HTML, true],
    ['/nothing', undefined, true],
    ['/nothing', '*/*', true],
    ['/connected', 'application/json', false],
    ['/connected', 'application/problem+json', false],
    ['/connected', 'application/json, text/plain, */*', false],
    ['/connected', 'application/json, text/html;q=0.9', false],
    ['/connected', 'application/*, */*;q=0.1', false],
    ['/connected', 'text/html;q=0, */*', false],
    ['/connected', 'image/png', false],
    ['/nothing', 'application/json, text/html;q=0.9', true],
    ['/v1/oauth/x/callback', undefined, true],
    ['/health/live', '*/*', false],
  ])('is not the answer at %s to a client that accepts %s (no such route: %s)', (url, accept, is404) => {
    expect(accepts(url, accept, is404)).toBe(false);
  });

  it.each([
    ['Too many requests', new CodedError('rate_limit.exceeded', 'Too many.')],
    ['Something went wrong', new Error('secret detail')],
    ['The service is not available', Object.assign(new Error('secret detail'), { code: 'ECONNREFUSED' })],
    ['There is no such page', new CodedError('route.not_found', 'secret detail')],
    ['This page cannot be used like that', new CodedError('method.not_allowed', 'secret detail')],
  ])('shows "%s" with the code and the request, and nothing of the cause', (title, error) => {
    const problem = problemOf(error);
    const html = pageHtml(problemPage(problem.code), 'req_1');
    expect(html).toContain(`<h1>${title}</h1>`);
    expect(html).toContain(`<code>${problem.code}</code>`);
    expect(html).toContain('<code>req_1</code>');
    expect(html).not.toContain('secret');
  });
});
