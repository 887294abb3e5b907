import { connect } from 'node:net';

/** Sends bytes as they are, then `piece` every ten seconds, and reads until the server closes the connection: the first answer. */
export async function sendRaw(url: string, text: string, piece?: string): Promise<Response> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/^\[(.*)\]$/, '$1'));
  const timer = piece && setInterval(() => socket.writable && socket.write(piece), 10_000);
  let received = '';
  socket
    .on('error', () => undefined)
    .on('data', (data) => {
      received += data.toString();
    });
  socket.write(text);
  await new Promise((closed) => socket.once('close', closed));
  if (timer) clearInterval(timer);
  const [head = '', ...rest] = received.split('\r\n\r\n');
  const [first = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => [
    line.slice(0, line.indexOf(':')),
    line.slice(line.indexOf(':') + 1).trim(),
  ]);
  return new Response(rest.join('\r\n\r\n') || null, { status: Number(first.split(' ')[1]), headers });
}
