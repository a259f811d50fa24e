import { answerReader, encodeNothing, type IpmiCommand, netFns } from './command.ts'

export interface ChassisStatus {
  power: 'on' | 'off'
  hasOverload: boolean
  hasInterlock: boolean
  hasPowerFault: boolean
  hasPowerControlFault: boolean
  /** What the machine does when mains power comes back. */
  restorePolicy: 'off' | 'previous' | 'on' | 'unknown'
  /** What the last change of power came from; all may be false. */
  lastPowerEvent: {
    mainsFailed: boolean
    overload: boolean
    interlock: boolean
    fault: boolean
    byIpmi: boolean
  }
  isIntruded: boolean
  isFrontPanelLocked: boolean
  hasDriveFault: boolean
  hasFanFault: boolean
  /** Undefined where the BMC does not say. */
  identify: 'off' | 'timed' | 'on' | undefined
}

/** IPMI 2.0 §28.2. */
export const getChassisStatus: IpmiCommand<undefined, ChassisStatus> = {
  name: 'Get Chassis Status',
  netFn: netFns.chassis,
  command: 0x01,
  encode: encodeNothing,
  decode: (data) => {
    const reader = answerReader(data, 'Get Chassis Status')
    const power = reader.uint8()
    const last = reader.uint8()
    const misc = reader.uint8()
    const has = (byte: number, bit: number): boolean => ((byte >> bit) & 1) === 1
    return {
      power: has(power, 0) ? 'on' : 'off',
      hasOverload: has(power, 1),
      hasInterlock: has(power, 2),
      hasPowerFault: has(power, 3),
      hasPowerControlFault: has(power, 4),
      restorePolicy: (['off', 'previous', 'on', 'unknown'] as const)[(power >> 5) & 3] ?? 'unknown',
      lastPowerEvent: {
        mainsFailed: has(last, 0),
        overload: has(last, 1),
        interlock: has(last, 2),
        fault: has(last, 3),
        byIpmi: has(last, 4),
      },
      isIntruded: has(misc, 0),
      isFrontPanelLocked: has(misc, 1),
      hasDriveFault: has(misc, 2),
      hasFanFault: has(misc, 3),
      identify: has(misc, 6) ? (['off', 'timed', 'on'] as const)[(misc >> 4) & 3] : undefined,
    }
  },
}
