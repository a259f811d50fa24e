import { tryCommand } from './command.ts'

/** Debian packages by what needs them. */
export const hostPackages = {
  network: ['iproute2', 'dnsmasq-base', 'openssh-client', 'tcpdump'],
  machines: ['qemu-system-x86', 'qemu-utils', 'ovmf', 'ipxe-qemu'],
  image: [
    'mmdebstrap',
    'debian-archive-keyring',
    'fdisk',
    'e2fsprogs',
    'dosfstools',
    'mtools',
    'grub-common',
    'grub-pc-bin',
    'grub-efi-amd64-bin',
    'busybox-static',
    'cpio',
    'zstd',
  ],
  bmc: ['openipmi', 'ipmitool', 'freeipmi-tools'],
  browser: ['chromium', 'fonts-noto-color-emoji'],
  /** Independent clients that the simulated BMCs are checked by. */
  bmcClients: ['ipmitool', 'freeipmi-tools', 'redfishtool', 'python3-sushy'],
  /** What a site would use in our place: the benchmarks' peers. */
  peers: ['dnsmasq-base', 'atftpd', 'nginx-light'],
} as const

async function missingPackages(packages: readonly string[]): Promise<string[]> {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders
  const query = ['dpkg-query', '-W', '-f=${Package} ${db:Status-Status}\\n', ...packages]
  const result = await tryCommand(query).catch(() => undefined)
  if (!result) return [...packages]
  const installed = new Set(
    result.stdout
      .split('\n')
      .filter((line) => line.endsWith(' installed'))
      .map((line) => line.split(' ')[0]),
  )
  return packages.filter((name) => !installed.has(name))
}

/**
 * Makes sure that the named Debian packages are installed: installs the missing ones when it may
 * (root, and apt-get exists), and says so on stderr.
 * @throws Error with one sentence that names the missing packages when it may not.
 */
export async function ensureHostPackages(packages: readonly string[]): Promise<void> {
  const missing = await missingPackages(packages)
  if (missing.length === 0) return
  const list = missing.join(' ')
  const refusal = `The virtual rack needs Debian packages that are not installed here: run "apt-get install ${list}" as root, then try again.`
  if (process.getuid?.() !== 0) throw new Error(refusal)
  const apt = await tryCommand(['apt-get', '--version']).catch(() => undefined)
  if (!apt) throw new Error(refusal)
  process.stderr.write(`lab: installing Debian packages: ${list}\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const install = ['apt-get', '-qq', '-y', '--no-install-recommends', 'install', ...missing]
  let result = await tryCommand(install, { env })
  if (result.exitCode !== 0) {
    await tryCommand(['apt-get', '-qq', 'update'], { env })
    result = await tryCommand(install, { env })
  }
  if (result.exitCode !== 0) throw new Error(`${refusal} (apt-get said: ${result.stderr.trim()})`)
}

/** The rack makes network namespaces and taps, which only root may. */
export function requireRoot(): void {
  if (process.platform === 'linux' && process.getuid?.() === 0) return
  throw new Error('The virtual rack makes network namespaces and taps: run it as root, on Linux.')
}
