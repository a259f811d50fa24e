/** Installs Debian packages where that is allowed; else says on stderr which are missing. */
export async function ensurePackages(packages: readonly string[]): Promise<void> {
  const file = new URL('../../lab/src/host-packages.ts', import.meta.url).href
  const { ensureHostPackages } = (await import(file)) as {
    ensureHostPackages: (packages: readonly string[]) => Promise<void>
  }
  await ensureHostPackages(packages).catch((error: Error) => process.stderr.write(`${error.message}\n`))
}
