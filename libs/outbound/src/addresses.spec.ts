import { describe, expect, it } from '@jest/globals';
import { ConnectError } from './connect.js';
import { OutboundClient, type OutboundOptions } from './outbound-client.js';

const REQUEST = { method: 'POST', headers: {}, body: '{}', keepBytes: 1_024 } as const;
const HTTP = { allowHttp: true };

/** A client whose connector records where it would connect to, and connects to nothing. */
function recordingClient(options: Partial<OutboundOptions> = {}) {
  const dialled: string[] = [];
  const client = new OutboundClient({
    allowCidrs: [],
    resolve: () => Promise.reject(new Error('no such name')),
    connect: ({ address }) => {
      dialled.push(address);
      return Promise.reject(new ConnectError('connect'));
    },
    ...options,
  });
  return { client, dialled };
}

const LITERALS = [
  '127.0.0.1',
  '127.1',
  '127.0.1',
  '2130706433',
  '0x7f000001',
  '0x7f.1',
  '0x7F.0x0.0x0.0x1',
  '017700000001',
  '0177.0.0.1',
  '0177.1',
  '127.0.0.1.',
  '%31%32%37.0.0.1',
  '\uff11\uff12\uff17.0.0.1',
  '127\u30020\u30020\u30021',
  '127.255.255.254',
  '0.0.0.0',
  '0',
  '0.1.2.3',
  '10.0.0.1',
  '10.1',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '192.168.257',
  '169.254.169.254',
  '0xa9fea9fe',
  '2852039166',
  '0251.0376.0251.0376',
  '100.64.0.1',
  '100.100.100.200',
  '168.63.129.16',
  '192.0.0.192',
  '192.0.2.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '192.88.99.1',
  '224.0.0.1',
  '239.255.255.250',
  '240.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[0:0:0:0:0:0:0:1]',
  '[::127.0.0.1]',
  '[::ffff:127.0.0.1]',
  '[::FFFF:7F00:1]',
  '[::ffff:169.254.169.254]',
  '[::ffff:0:10.0.0.1]',
  '[64:ff9b::7f00:1]',
  '[64:ff9b::a9fe:a9fe]',
  '[64:ff9b:1::a00:1]',
  '[2002:7f00:1::]',
  '[2002:a9fe:a9fe::1]',
  '[2001:0:a00:1::1]',
  '[fc00::1]',
  '[fd00:ec2::254]',
  '[FD12:3456::1]',
  '[fe80::1]',
  '[fec0::1]',
  '[ff02::1]',
  '[100::1]',
  '[2001:db8::1]',
  '[3fff::1]',
  '[4000::1]',
];

describe('an address that is not global unicast', () => {
  it.each(LITERALS)('is refused in a URL, at its check and when it is called: %s', async (host) => {
    const { client, dialled } = recordingClient();
    for (const url of [`https://${host}/hook`, `http://${host}:8080/hook`, `HTTPS://${host}`]) {
      expect(await client.check(url, HTTP)).toBe('address');
      expect(await client.send({ ...REQUEST, url }, HTTP)).toMatchObject({ kind: 'refused', reason: 'address' });
    }
    expect(dialled).toEqual([]);
  });

  it.each([
    ...LITERALS.filter((host) => /^\[.*\]$|^\d+(\.\d+){3}$/.test(host)).map((host) => host.replace(/[[\]]/g, '')),
    'fe80::1%eth0',
    '2606:4700::1%1',
    '0x7f.1',
    '10.1',
    'not an address',
    '',
  ])('is refused as the only address of a name: %s', async (address) => {
    const { client, dialled } = recordingClient({ resolve: () => Promise.resolve([address]) });
    expect(await client.check('https://receiver.test/', HTTP)).toBe('address');
    const outcome = await client.send({ ...REQUEST, url: 'https://receiver.test/' }, HTTP);
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'address' });
    expect(dialled).toEqual([]);
  });

  it.each(['localhost', 'LOCALHOST', 'localhost.', 'l\u24deCalHost'])(
    'is refused as the address of this machine: %s',
    async (host) => {
      const { client, dialled } = recordingClient({ resolve: undefined });
      expect(await client.check(`https://${host}/`, HTTP)).toBe('address');
      expect(await client.send({ ...REQUEST, url: `https://${host}/` }, HTTP)).toMatchObject({ reason: 'address' });
      expect(dialled).toEqual([]);
    },
  );

  it('is refused together with a public address of the same name', async () => {
    for (const addresses of [
      ['8.8.8.8', '10.0.0.1'],
      ['::1', '8.8.8.8'],
    ]) {
      const { client, dialled } = recordingClient({ resolve: () => Promise.resolve(addresses) });
      expect(await client.check('https://receiver.test/', HTTP)).toBe('address');
      await client.send({ ...REQUEST, url: 'https://receiver.test/' }, HTTP);
      expect(dialled).toEqual([]);
    }
  });

  it('is refused when a name that passed the check resolves to it later', async () => {
    const answers = [['8.8.8.8'], ['127.0.0.1']];
    const { client, dialled } = recordingClient({ resolve: () => Promise.resolve(answers.shift()!) });
    expect(await client.check('https://receiver.test/', HTTP)).toBeUndefined();
    const outcome = await client.send({ ...REQUEST, url: 'https://receiver.test/' }, HTTP);
    expect(outcome).toMatchObject({ kind: 'refused', reason: 'address' });
    expect(dialled).toEqual([]);
  });

  it('is accepted within an allowed range, and not beside it', async () => {
    const { client } = recordingClient({
      allowCidrs: ['10.1.0.0/16', 'fd00::/8', '192.168.0.7', '::ffff:172.16.0.0/108'],
    });
    const check = (host: string) => client.check(`https://${host}/`, { allowHttp: false });
    for (const host of ['10.1.2.3', '[::ffff:10.1.2.3]', '[fd12::1]', '192.168.0.7', '172.31.0.1'])
      expect(await check(host)).toBeUndefined();
    for (const host of ['10.2.0.1', '[fc00::1]', '192.168.0.8', '[64:ff9b::a01:203]', '172.32.0.1', '127.0.0.1'])
      expect([host, await check(host)]).toEqual([host, host === '172.32.0.1' ? undefined : 'address']);
  });
});

describe('a public name', () => {
  it('is connected to at the address that was checked, resolved once, IPv4 first', async () => {
    let resolved = 0;
    const resolve = () => Promise.resolve(resolved++ === 0 ? ['2606:4700::1111', '8.8.8.8'] : ['127.0.0.1']);
    const { client, dialled } = recordingClient({ resolve });
    const outcome = await client.send({ ...REQUEST, url: 'https://receiver.test/' }, HTTP);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'connect' });
    expect(dialled).toEqual(['8.8.8.8', '2606:4700::1111']);
    expect(resolved).toBe(1);
  });

  it('is accepted at its check although it does not resolve, and fails when it is called', async () => {
    const { client, dialled } = recordingClient();
    expect(await client.check('https://receiver.test/', HTTP)).toBeUndefined();
    const outcome = await client.send({ ...REQUEST, url: 'https://receiver.test/' }, HTTP);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'dns' });
    expect(dialled).toEqual([]);
  });

  it('is not waited for longer than the connection may take', async () => {
    const { client } = recordingClient({ resolve: () => new Promise(() => undefined), connectTimeout: 20 });
    expect(await client.check('https://receiver.test/', HTTP)).toBeUndefined();
    const outcome = await client.send({ ...REQUEST, url: 'https://receiver.test/' }, HTTP);
    expect(outcome).toMatchObject({ kind: 'failed', code: 'dns' });
  });
});

const urlOf = (characters: number): string => 'https://8.8.8.8/'.padEnd(characters, 'a');

describe('a URL', () => {
  it.each([
    ['http://8.8.8.8/', 'scheme'],
    ['ftp://8.8.8.8/', 'scheme'],
    ['file:///etc/passwd', 'scheme'],
    ['https://user@8.8.8.8/', 'credentials'],
    ['https://user:word@8.8.8.8/', 'credentials'],
    ['https://8.8.8.8/#part', 'fragment'],
    ['https://8.8.8.8/#', 'fragment'],
    [urlOf(2_049), 'too_long'],
    ['https://', 'malformed'],
    ['8.8.8.8/hook', 'malformed'],
    ['', 'malformed'],
    ['https://8.8.8.8/\n', 'malformed'],
    ['https://8.8.8.8:70000/', 'malformed'],
    ['https://[fe80::1%25eth0]/', 'malformed'],
    ['https://1.2.3.256/', 'malformed'],
  ])('is refused at its check and when it is called, with the reason: %.40s, %s', async (url, reason) => {
    const { client, dialled } = recordingClient();
    expect(await client.check(url, { allowHttp: false })).toBe(reason);
    const outcome = await client.send({ ...REQUEST, url }, { allowHttp: false });
    expect(outcome).toMatchObject({ kind: 'refused', reason });
    expect(dialled).toEqual([]);
  });

  it.each(['https://8.8.8.8/', 'https://[2606:4700::1111]/', 'https://[::ffff:8.8.8.8]/', urlOf(2_048)])(
    'is accepted with a public address: %s',
    async (url) => {
      const { client } = recordingClient();
      expect(await client.check(url, { allowHttp: false })).toBeUndefined();
    },
  );
});
