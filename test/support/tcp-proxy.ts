import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

/** A wire between a process and its server that a test can cut and mend. */
export interface TcpProxy {
  /** The URL, led through the wire. */
  readonly url: string;
  cut(): Promise<void>;
  mend(): Promise<void>;
}

/** Opens a wire to the server of that URL. */
export async function openTcpProxy(target: string): Promise<TcpProxy> {
  const url = new URL(target);
  const sockets = new Set<Socket>();
  const { hostname, port } = url;
  const open = async (on: number): Promise<Server> => {
    const server = createServer((near) => {
      const far = connect(Number(port), hostname);
      for (const socket of [near, far]) {
        sockets.add(socket);
        socket
          .on('error', () => undefined)
          .on('close', () => {
            near.destroy();
            far.destroy();
            sockets.delete(socket);
          });
      }
      near.pipe(far).pipe(near);
    });
    await new Promise<void>((listening) => server.listen(on, '127.0.0.1', listening));
    return server;
  };
  let server = await open(0);
  const own = (server.address() as AddressInfo).port;
  const through = new URL(target);
  through.host = `127.0.0.1:${own}`;
  return {
    url: through.href,
    cut: async () => {
      const closed = new Promise((done) => server.close(done));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    mend: async () => {
      server = await open(own);
    },
  };
}
