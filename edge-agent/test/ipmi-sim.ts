import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePackages } from './host-packages.ts'

/** OpenIPMI's BMC simulator: an implementation that is not ours. Cipher suites 1 to 3. */
export interface IpmiSim {
  port: number
  stop: () => Promise<void>
}

const program = 'ipmi_sim'

export const simUser = { username: 'ADMIN', password: 'secret' } as const

/** Installs it where that is allowed; false, with a sentence on stderr, where it is not there in the end. */
export async function hasIpmiSim(): Promise<boolean> {
  const isThere = (): boolean => spawnSync(program, ['--help']).error === undefined
  if (isThere()) return true
  await ensurePackages(['openipmi'])
  if (isThere()) return true
  process.stderr.write('SKIPPED: ipmi_sim is not installed, so IPMI is not tested against it.\n')
  return false
}

/**
 * One simulated BMC on 127.0.0.1. `solPort` is a TCP server that plays the machine's serial port. Its machine is a script, which it runs
 * for every question about power, unless `hasMachine` is false.
 */
export async function startIpmiSim(
  options: { port?: number; solPort?: number; hasMachine?: boolean } = {},
): Promise<IpmiSim> {
  const port = options.port ?? (await freeUdpPort())
  const folder = mkdtempSync(join(tmpdir(), 'dragonfly-ipmi-sim-'))
  mkdirSync(join(folder, 'state'))
  writeFileSync(join(folder, 'lan.conf'), lanConfiguration(port, options, folder))
  writeFileSync(join(folder, 'bmc.emu'), emulation)
  writeFileSync(join(folder, 'chassis.sh'), chassisScript(folder), { mode: 0o755 })
  const argv = [
    '-c',
    join(folder, 'lan.conf'),
    '-f',
    join(folder, 'bmc.emu'),
    '-s',
    join(folder, 'state'),
    '-n',
  ]
  const child = spawn(program, argv, { stdio: 'ignore' })
  await untilItAnswers(port)
  return {
    port,
    stop: async () => {
      await end(child)
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    child.on('exit', () => resolve())
    child.kill('SIGKILL')
  })
}

function freeUdpPort(): Promise<number> {
  const socket = createSocket('udp4')
  return new Promise((resolve) => {
    socket.bind(0, '127.0.0.1', () => {
      const { port } = socket.address()
      socket.close(() => resolve(port))
    })
  })
}

/** Asks for channel authentication capabilities until there is an answer. */
async function untilItAnswers(port: number): Promise<void> {
  const question = Buffer.from('0600ff07000000000000000000092018c88100388e04b5', 'hex')
  const socket = createSocket('udp4')
  try {
    for (let tries = 0; tries < 100; tries++) {
      const answered = new Promise<boolean>((resolve) => {
        socket.once('message', () => resolve(true))
        setTimeout(() => resolve(false), 100)
      })
      socket.send(question, port, '127.0.0.1')
      if (await answered) return
    }
  } finally {
    socket.close()
  }
  throw new Error('ipmi_sim does not answer')
}

function lanConfiguration(
  port: number,
  { solPort, hasMachine = true }: { solPort?: number; hasMachine?: boolean },
  folder: string,
): string {
  const sol = solPort === undefined ? '' : `  sol "tcp:127.0.0.1:${solPort}" 115200 history=16384\n`
  const machine = hasMachine ? `  chassis_control "${folder}/chassis.sh"\n` : ''
  return `name "bmc"
set_working_mc 0x20
  startlan 1
    addr 127.0.0.1 ${port}
    priv_limit admin
    allowed_auths_callback none md2 md5 straight
    allowed_auths_user none md2 md5 straight
    allowed_auths_operator none md2 md5 straight
    allowed_auths_admin none md2 md5 straight
    guid a123456789abcdefa123456789abcde1
  endlan
${machine}${sol}  user 1 false "" "" user 10 none md2 md5 straight
  user 2 true "${simUser.username}" "${simUser.password}" admin 10 none md2 md5 straight
`
}

/** Keeps power and boot device in files: `get power|boot`, `set power 0|1`, `set reset 1`, `set boot NAME`. */
function chassisScript(folder: string): string {
  return `#!/bin/sh
cd ${folder}
operation=$1; shift
while [ $# -gt 0 ]; do
  case $operation in
    get) echo "$1:$(cat $1 2>/dev/null || echo 0)"; shift ;;
    set) echo "$2" > $1; shift 2 ;;
    *) exit 1 ;;
  esac
done
`
}

const name = (text: string): string =>
  [0xc0 | text.length, ...Buffer.from(text)].map((byte) => `0x${byte.toString(16)}`).join(' ')

const emulation = `mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02
sel_enable 0x20 1000 0x0a
sensor_add 0x20 0 1 1 1
sensor_set_value 0x20 0 1 42 0
sensor_set_threshold 0x20 0 1 settable 111000 0xa0 0x90 0x70 00 00 00
sensor_set_event_support 0x20 0 1 enable scanning per-state 000111111000000 000111111000000 000111111000000 000111111000000
sensor_add 0x20 0 2 0x0b 1
sensor_set_value 0x20 0 2 31 0
sensor_set_event_support 0x20 0 2 enable scanning per-state 000000000000000 000000000000000 000000000000000 000000000000000
main_sdr_add 0x20 0x00 0x00 0x51 0x01 0x33 0x20 0x00 0x01 0x03 0x01 0x7f 0x68 0x01 0x01 0x00 0x00 0x00 0x00 0x38 0x38 0x00 0x01 0x00 0x00 0x01 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0xff 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x02 0x02 0x00 0x00 0x00 ${name('CPU Temp')}
main_sdr_add 0x20 0x00 0x00 0x51 0x01 0x3a 0x20 0x00 0x02 0x15 0x01 0x7f 0x68 0x0b 0x01 0x00 0x00 0x00 0x00 0x38 0x38 0x00 0x06 0x00 0x00 0x04 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0xff 0x00 0x00 0x00 0x00 0x00 0x00 0x00 0x02 0x02 0x00 0x00 0x00 ${name('Pwr Consumption')}
mc_enable 0x20
`
