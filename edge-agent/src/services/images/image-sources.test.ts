import { expect, it } from 'vitest'
import { startWebServer } from '../../../test/web-server.ts'
import { openDownload } from './download.ts'
import { isRefusedSource } from './image-sources.ts'

it.each([
  '127.0.0.1',
  '127.9.9.9',
  '0.0.0.0',
  '169.254.169.254',
  '100.100.100.200',
  '::1',
  '::',
  'fe80::1',
  'fd00:ec2::254',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  'nonsense',
])('refuses %s', (address) => expect(isRefusedSource(address)).toBe(true))

it.each(['192.168.1.5', '10.0.0.1', '203.0.113.1', '2001:db8::1', 'fd12::1', '::ffff:10.0.0.1'])(
  'takes %s',
  (address) => expect(isRefusedSource(address)).toBe(false),
)

const { signal } = new AbortController()

it.each([
  'http://169.254.169.254/latest/meta-data/',
  'http://2852039166/',
  'http://0xa9.0xfe.0xa9.0xfe/',
  'http://0177.0.0.1:6872/metrics',
  'http://[::ffff:169.254.169.254]/',
  'http://[fd00:ec2::254]/',
  'http://localhost:6872/metrics',
])('does not ask %s', async (url) => {
  await expect(openDownload({ url, signal })).rejects.toMatchObject({ reason: 'bad-url' })
})

it('does not follow a redirect to such an address', async () => {
  const server = await startWebServer((_request, response) =>
    response.writeHead(302, { location: 'http://169.254.169.254/' }).end(),
  )
  // The first step is let through here, as it would be to a server elsewhere.
  const allows = (url: URL) => url.href.startsWith(server.url)
  await expect(openDownload({ url: `${server.url}/disk.raw`, signal, allows })).rejects.toMatchObject({
    reason: 'bad-url',
  })
  await server.close()
})
