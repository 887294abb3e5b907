/** The public URL of this service, and the URL of the platforms of the environment `test`. */
export class Addresses {
  constructor(
    readonly publicUrl: string,
    readonly sandboxUrl: string,
  ) {}
}
