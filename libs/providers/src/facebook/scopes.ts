/** To see a person's Pages, read what is on them, and publish there; each is given for Pages, one by one. */
export const REQUIRED_SCOPES: readonly string[] = ['pages_show_list', 'pages_read_engagement', 'pages_manage_posts'];
