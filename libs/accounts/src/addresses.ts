/** The public URL of this service, and the URL of the platforms of the environment `test`. */
export class Addresses {
  constructor(
    readonly publicUrl: string,
    readonly sandboxUrl: string,
    /** The query parameter in which a return URL of the projects surface contains the reason of a failed attempt. */
    readonly projectsErrorParameter = 'layers_oauth_error',
  ) {}
}
