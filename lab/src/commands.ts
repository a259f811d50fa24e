import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { type LightBmcOptions, startLightBmcs } from './bmc/light-bmcs.ts'
import { setBmcFaults } from './bmc-process.ts'
import type { LabCommand } from './command-line.ts'
import { runDeployment, variantFor } from './deploy.ts'
import { ensureImage, type ImageVariant } from './image/build.ts'
import { createLab, findLab, type Lab, removeLab } from './lab.ts'
import type { Machine } from './machine.ts'
import { startNetbootSimulator } from './netboot-simulator/netboot-simulator.ts'
import { commandOn, type LabHost, lan } from './network.ts'
import { simulate } from './simulator/simulate.ts'

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

async function labThatIsUp(name: string): Promise<Lab> {
  const lab = await findLab(name)
  if (!lab) throw new Error(`The lab "${name}" is not up: run "npm run lab -- up --name ${name}" first.`)
  return lab
}

/** Runs a command on a lab's host with our own terminal; its exit code is ours. */
async function runInTerminal(lab: Lab, host: LabHost, argv: readonly string[]): Promise<number> {
  const [file = '', ...args] = commandOn(lab.state, host, argv)
  const child = spawn(file, args, { stdio: 'inherit' })
  // Ctrl-C reaches the child through the terminal: we stay to clean up after it.
  const ignore = () => undefined
  process.on('SIGINT', ignore)
  const [code] = (await once(child, 'exit')) as [number | null]
  process.off('SIGINT', ignore)
  return code ?? 1
}

function describeNetwork(lab: Lab): string {
  return [
    `lab "${lab.state.name}" is up`,
    `  customer ${lan.customer} (DHCP ${lan.leaseFirst}-${lan.leaseLast}, DNS)`,
    `  edge     ${lan.edge}, and ${lab.uplink.edgeAddress} towards ${lab.uplink.hostAddress} (this host)`,
  ].join('\n')
}

async function serve(labName: string, argv: readonly string[]): Promise<number> {
  await using lab = await createLab({ name: labName })
  process.stderr.write(`${describeNetwork(lab)}\n`)
  if (argv.length > 0) return await runInTerminal(lab, 'edge', argv)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  return 0
}

async function serveLightBmcs(options: LightBmcOptions): Promise<number> {
  await using fleet = await startLightBmcs(options)
  const [first, last] = [fleet.bmcs[0], fleet.bmcs.at(-1)]
  const redfish = options.redfishPort === null ? '' : `, Redfish on TCP ${options.redfishPort}`
  const ports = `IPMI on UDP ${options.ipmiPort}${redfish}`
  say(`${fleet.bmcs.length} BMCs at ${first?.address} to ${last?.address}, ${ports}; admin / secret`)
  say(`try: ipmitool -I lanplus -H ${first?.address} -U admin -P secret power status`)
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])
  return 0
}

/** Tells what the machines do, a line each, until Ctrl-C. */
async function runNetboot(
  lab: Lab,
  options: Extract<LabCommand, { kind: 'netboot' }>['options'],
): Promise<number> {
  const simulator = await startNetbootSimulator(lab, options, (event) => {
    const { mac, boot, kind } = event
    const what = kind === 'stage' ? event.stage : kind === 'trouble' ? event.message : kind
    say(`${mac}  boot ${boot}  ${what}`)
  })
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM'), simulator.ended])
  await simulator.stop()
  return 0
}

async function image(variant: ImageVariant, out: string | undefined): Promise<number> {
  const built = await ensureImage(variant)
  if (out) {
    await copyFile(built.path, out)
    await writeFile(`${out}.sha256`, `${built.sha256}\n`)
  }
  say(JSON.stringify({ ...built, path: out ?? built.path }))
  return 0
}

async function deploy(command: Extract<LabCommand, { kind: 'deploy' }>): Promise<number> {
  const { labName, request, discover } = command
  const onProgress = (line: string): void => void process.stderr.write(`lab: ${line}\n`)
  const variant = variantFor(request)
  const report = await runDeployment({ labName, machine: request, discover, variant, onProgress })
  if (command.isJson) say(JSON.stringify(report))
  else {
    for (const stage of report.stages)
      say(`${stage.name.padEnd(24)}${stage.seconds.toFixed(1).padStart(7)} s`)
    say(`${report.result.padEnd(24)}${report.totalSeconds.toFixed(1).padStart(7)} s`)
  }
  return report.result === 'deployed' ? 0 : 1
}

/** Prints the serial port as it comes, until the machine goes off. */
async function followConsole(machine: Machine): Promise<number> {
  let shown = 0
  for (;;) {
    const isOn = await machine.isOn()
    const text = await machine.serialText(0)
    process.stdout.write(text.slice(shown))
    shown = text.length
    if (!isOn) return 0
    await sleep(200)
  }
}

async function describeMachine(machine: Machine): Promise<string> {
  const { firmware, disks, nics, bmc } = machine.spec
  const power = (await machine.isOn()) ? 'on' : 'off'
  const parts = [machine.name, power, firmware, disks.map((disk) => disk.bus).join('+')]
  const remote = bmc ? [`BMC ${bmc.personality} ${bmc.address}`] : []
  return [...parts, nics.map((nic) => `${nic.model} ${nic.mac}`).join(' + '), ...remote].join('\t')
}

/** Carries out one command; returns the exit code. Results go to stdout, progress to stderr. */
export async function runLabCommand(command: LabCommand): Promise<number> {
  if (command.kind === 'up') say(describeNetwork(await createLab({ name: command.labName })))
  else if (command.kind === 'down') await removeLab(command.labName)
  else if (command.kind === 'serve') return serve(command.labName, command.argv)
  else if (command.kind === 'deploy') return deploy(command)
  else if (command.kind === 'simulate') return simulate(command.options)
  else if (command.kind === 'bmc light') return serveLightBmcs(command.options)
  else if (command.kind === 'image') return image(command.variant, command.out)
  else return runMachineCommand(await labThatIsUp(command.labName), command)
  return 0
}

async function runMachineCommand(lab: Lab, command: LabCommand): Promise<number> {
  if (command.kind === 'netboot') return runNetboot(lab, command.options)
  if (command.kind === 'exec') return runInTerminal(lab, command.host, command.argv)
  if (command.kind === 'machine list') {
    for (const machine of await lab.machines()) say(await describeMachine(machine))
  } else if (command.kind === 'machine add') {
    say(await describeMachine(await lab.addMachine(command.machine, command.request)))
  } else if (command.kind === 'bmc faults') await setBmcFaults(lab.state, command.machine, command.faults)
  else if (command.kind === 'machine remove') await (await lab.machine(command.machine)).remove()
  else if (command.kind === 'power') await (await lab.machine(command.machine)).power(command.action)
  else if (command.kind === 'console') return followConsole(await lab.machine(command.machine))
  return 0
}
