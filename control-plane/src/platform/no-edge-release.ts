import type { EdgeReleaseSource } from '../ports/index.ts'

/** Where no package of dragonfly-edge is kept: edges are updated on their hosts. */
export const noEdgeRelease: EdgeReleaseSource = { current: async () => null, chunk: async () => null }
