import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from './steps.ts'

// What is generated is committed, so that a reader sees it; here it is made anew and compared.
const fresh = mkdtempSync(join(tmpdir(), 'dragonfly-generated-'))
const stale: string[] = []

function compare(name: string, committed: string, generated: string): void {
  if (readFileSync(join(root, committed), 'utf8') !== readFileSync(generated, 'utf8')) stale.push(name)
}

try {
  const openapi = join(fresh, 'openapi.json')
  execFileSync('node', ['control-plane/scripts/write-openapi.ts', openapi], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  })
  compare('control-plane/openapi.json', 'control-plane/openapi.json', openapi)
  const client = join(fresh, 'openapi.d.ts')
  execFileSync('npx', ['openapi-typescript', '../control-plane/openapi.json', '-o', client], {
    cwd: join(root, 'site'),
    stdio: ['ignore', 'ignore', 2],
  })
  compare('site/src/api/openapi.d.ts', 'site/src/api/openapi.d.ts', client)
} finally {
  rmSync(fresh, { recursive: true, force: true })
}
if (stale.length > 0) {
  console.error(`Out of date: ${stale.join(', ')}. Run: npm run openapi`)
  process.exit(1)
}
