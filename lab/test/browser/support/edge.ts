import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ApiClient } from '../../../src/api.ts'
import { runCommand } from '../../../src/command.ts'
import { edgeProgram, endChild } from '../../../src/product.ts'

/** An edge of the site on this host. It serves no network, and so opens no port. */
export async function startEdge(api: ApiClient, siteId: string): Promise<AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'dragonfly-edge-'))
  const env = { ...process.env, DRAGONFLY_EDGE_DATA: dir }
  const { token } = await api.request<{ token: string }>('POST', `/api/v1/sites/${siteId}/enrolment-tokens`)
  await runCommand([process.execPath, edgeProgram, 'join', api.url, token], { env })
  const child = spawn(process.execPath, [edgeProgram, 'run'], { env, stdio: 'ignore' })
  return {
    [Symbol.asyncDispose]: async () => {
      await endChild(child, 'SIGTERM')
      await rm(dir, { recursive: true, force: true })
    },
  }
}
