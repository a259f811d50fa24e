import { lightChassis } from '../../lab/src/bmc/light-chassis.ts'
import { startSimulatedBmc } from '../../lab/src/bmc/simulated-bmc.ts'

/** A process with many simulated BMCs: says their ports, and ends when it is told to. */
const count = Number(process.argv[2])
const ports: number[] = []
for (let number = 1; number <= count; number++) {
  const bmc = await startSimulatedBmc({ chassis: lightChassis(number, { isOn: true }) })
  ports.push(bmc.ipmiPort)
}
process.send?.(ports)
process.on('disconnect', () => process.exit(0))
