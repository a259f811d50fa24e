import { smallHeapEnv, withSmallHeap } from '../../io/small-heap.ts'

/** What the unit of systemd is made from. */
export interface UnitOptions {
  /** Absolute paths. */
  node: string
  entry: string
  dataDir: string
  user: string
  /** Whether readiness and life signs can be told to systemd. */
  canNotify: boolean
}

export const unitName = 'dragonfly-edge.service'
export const unitPath = `/etc/systemd/system/${unitName}`

/** DHCP, TFTP and PXE ports; sockets that are bound to one LAN. */
const capabilities = 'CAP_NET_BIND_SERVICE CAP_NET_RAW'

/**
 * A service without root (systemd.exec(5)). `KillMode=process`: when the supervisor is restarted, or dies, the boot
 * responder goes on answering machines until the next supervisor replaces it; told to stop, the supervisor ends it.
 * Not set: MemoryDenyWriteExecute (the JIT writes code), PrivateNetwork and the like.
 */
export function renderUnit(options: UnitOptions): string {
  const { node, entry, dataDir, user, canNotify } = options
  const isStateDirectory = dataDir.startsWith('/var/lib/')
  return `# Made by "dragonfly-edge install". Changes belong in "systemctl edit ${unitName}".
[Unit]
Description=Dragonfly edge: boots, images and watches over the machines of its LANs
Wants=network-online.target
After=network-online.target
StartLimitIntervalSec=0

[Service]
${canNotify ? 'Type=notify\nNotifyAccess=main\nWatchdogSec=60' : 'Type=exec'}
ExecStart=${quote(node)} ${withSmallHeap([], 2).join(' ')} ${quote(entry)} run --data ${quote(dataDir)}
User=${user}
Group=${user}
${isStateDirectory ? `StateDirectory=${dataDir.slice('/var/lib/'.length)}\nStateDirectoryMode=0700` : `ReadWritePaths=${quote(dataDir)}`}
${Object.entries(smallHeapEnv)
  .map((pair) => `Environment=${pair.join('=')}\n`)
  .join('')}UMask=0077
Restart=always
RestartSec=5
RestartPreventExitStatus=2
KillMode=process
TimeoutStopSec=20
LimitNOFILE=65536
AmbientCapabilities=${capabilities}
CapabilityBoundingSet=${capabilities}
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=${isBelowHome([node, entry]) ? 'read-only' : 'yes'}
PrivateTmp=yes
PrivateDevices=yes
ProtectClock=yes
ProtectControlGroups=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
LockPersonality=yes
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallFilter=@system-service
SystemCallErrorNumber=EPERM

[Install]
WantedBy=multi-user.target
`
}

/** As one word of a command line in a unit (systemd.syntax(7)); `%` would be a specifier. */
function quote(path: string): string {
  const plain = path.replaceAll('%', '%%')
  return /^[\w@%+=:,./-]+$/.test(plain) ? plain : `"${plain.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

const isBelowHome = (paths: readonly string[]): boolean =>
  paths.some((path) => /^\/(home|root|run\/user)\//.test(path))
