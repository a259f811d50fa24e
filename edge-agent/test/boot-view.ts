import {
  type BootView,
  bootViewSchema,
  type IndexedBootView,
  indexBootView,
} from '../src/protocol/boot-view.ts'

/** A valid view of one served interface at 10.77.0.2, with changes. */
export function bootView(changes: Partial<BootView> = {}): BootView {
  return bootViewSchema.parse({
    generation: 'g1',
    version: 1,
    interfaces: [{ name: 'eth0', address: '10.77.0.2', mode: 'proxy' }],
    unknownMachines: 'discover',
    bundleDir: '/nonexistent',
    bundleReady: true,
    bootTokenKey: 'A'.repeat(43),
    machines: [],
    discoveredMacs: [],
    ...changes,
  })
}

export function indexedBootView(changes: Partial<BootView> = {}): IndexedBootView {
  return indexBootView(bootView(changes))
}
