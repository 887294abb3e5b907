/** The same thing, but for one of its methods. */
export const instead = <Thing extends object>(thing: Thing, method: keyof Thing, other: unknown): Thing =>
  new Proxy(thing, {
    get: (target, name) => {
      if (name === method) return other;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
