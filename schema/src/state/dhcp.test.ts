import { expect, it } from 'vitest'
import { type DhcpServer, findDhcpProblems, recommendInterfaceMode } from './dhcp.ts'

const heard = (...servers: DhcpServer[]) => ({ servers, listenedAt: 1, failure: null })
const router: DhcpServer = { address: '192.0.2.1', isProxy: false, bootFile: null }
const proxy: DhcpServer = { address: '192.0.2.9', isProxy: true, bootFile: 'pxelinux.0' }

it('recommends proxy mode beside a server, and full mode without one', () => {
  expect(recommendInterfaceMode(heard(router))).toMatchObject({
    mode: 'proxy',
    sentence: 'A DHCP server at 192.0.2.1 answers: proxyDHCP is right.',
  })
  expect(recommendInterfaceMode(heard())).toMatchObject({ mode: 'full' })
  expect(recommendInterfaceMode(heard(proxy))).toMatchObject({ mode: 'full' })
})

it('recommends nothing where nobody could listen', () => {
  expect(recommendInterfaceMode(null).mode).toBeNull()
  const deaf = { servers: [], listenedAt: 1, failure: 'Port 68 is taken.' }
  expect(recommendInterfaceMode(deaf)).toMatchObject({
    mode: null,
    sentence: expect.stringContaining('Port 68 is taken.'),
  })
  expect(findDhcpProblems('eth0', deaf)).toEqual([])
})

it('finds two servers, another PXE server, and a server with a boot file of its own', () => {
  const names = (...servers: DhcpServer[]) =>
    findDhcpProblems('eth0', heard(...servers)).map(({ problem }) => problem)
  expect(names(router)).toEqual([])
  expect(names(router, { ...router, address: '192.0.2.2' })).toEqual(['dhcp-two-servers'])
  expect(names(router, proxy)).toEqual(['dhcp-rogue-pxe'])
  expect(names({ ...router, bootFile: 'old.0' })).toEqual(['dhcp-rogue-pxe'])
})
