import { expect, test } from 'vitest'
import { chooseModules, loadOrder, moduleName, parseBuiltin, parseModulesDep } from './modules.ts'

const dep = [
  'kernel/lib/crc16.ko:',
  'kernel/fs/mbcache.ko:',
  'kernel/fs/jbd2/jbd2.ko:',
  'kernel/fs/ext4/ext4.ko: kernel/fs/jbd2/jbd2.ko kernel/lib/crc16.ko kernel/fs/mbcache.ko',
  'kernel/arch/x86/crypto/crc32c-intel.ko.xz:',
  'kernel/drivers/net/virtio_net.ko: kernel/drivers/net/net_failover.ko kernel/net/core/failover.ko',
  'kernel/drivers/net/net_failover.ko: kernel/net/core/failover.ko',
  'kernel/net/core/failover.ko:',
  'kernel/drivers/block/virtio_blk.ko:',
  '',
].join('\n')
const builtin = 'kernel/drivers/input/serio/i8042.ko\nkernel/drivers/virtio/virtio_pci.ko\n'

test('names lose folder, ending, compression and dashes', () => {
  expect(moduleName('kernel/arch/x86/crypto/crc32c-intel.ko.xz')).toBe('crc32c_intel')
})

test('a module brings all it depends on, once', () => {
  const choice = chooseModules(parseModulesDep(dep), parseBuiltin(builtin), ['ext4', 'ext4'])
  expect(choice.paths).toEqual([
    'kernel/fs/ext4/ext4.ko',
    'kernel/fs/jbd2/jbd2.ko',
    'kernel/fs/mbcache.ko',
    'kernel/lib/crc16.ko',
  ])
  expect(choice.unknown).toEqual([])
})

test('a star matches several modules; a dash matches an underscore', () => {
  const choice = chooseModules(parseModulesDep(dep), parseBuiltin(builtin), ['virtio_*', 'crc32c_intel'])
  expect(choice.paths).toContain('kernel/drivers/net/virtio_net.ko')
  expect(choice.paths).toContain('kernel/drivers/block/virtio_blk.ko')
  expect(choice.paths).toContain('kernel/net/core/failover.ko')
  expect(choice.paths).toContain('kernel/arch/x86/crypto/crc32c-intel.ko.xz')
  expect(choice.paths).not.toContain('kernel/fs/ext4/ext4.ko')
})

test('built-in modules are fine, unknown ones are named', () => {
  const choice = chooseModules(parseModulesDep(dep), parseBuiltin(builtin), [
    'i8042',
    'virtio-pci',
    'nosuch',
    'no_*',
  ])
  expect(choice).toEqual({ paths: [], unknown: ['nosuch', 'no_*'] })
})

test('what a module depends on is loaded before it, and nothing twice', () => {
  expect(loadOrder(parseModulesDep(dep), ['virtio_blk', 'virtio_net', 'net_failover', 'i8042'])).toEqual([
    'kernel/drivers/block/virtio_blk.ko',
    'kernel/net/core/failover.ko',
    'kernel/drivers/net/net_failover.ko',
    'kernel/drivers/net/virtio_net.ko',
  ])
})
