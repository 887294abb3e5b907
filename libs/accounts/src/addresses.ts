/** Where we are reached, and where environment `test` finds its platforms. */
export class Addresses {
  constructor(
    readonly publicUrl: string,
    readonly sandboxUrl: string,
  ) {}
}
