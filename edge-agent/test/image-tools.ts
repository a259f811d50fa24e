import { execFileSync } from 'node:child_process'

const programs = ['qemu-img', 'xz', 'zstd', 'gzip']
const isThere = (): boolean => {
  try {
    for (const program of programs) execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

/** Whether images can be made by the programs that publishers use; installs them where it may. Says so where not. */
export async function hasImageTools(): Promise<boolean> {
  if (isThere()) return true
  // Named at run time: the lab is another package, and only this test wants it.
  const file = new URL('../../lab/src/host-packages.ts', import.meta.url).href
  const { ensureHostPackages } = (await import(file)) as {
    ensureHostPackages: (packages: readonly string[]) => Promise<void>
  }
  await ensureHostPackages(['qemu-utils', 'xz-utils', 'zstd', 'gzip']).catch((error: Error) =>
    process.stderr.write(`${error.message}\n`),
  )
  if (isThere()) return true
  process.stderr.write(
    `SKIPPED: ${programs.join(', ')} are not all installed, so no image formats are read.\n`,
  )
  return false
}
