/** IPMI 2.0 table 42-3: what a sensor watches, from 1 on. */
const sensorTypes: readonly string[] =
  '|Temperature|Voltage|Current|Fan|Physical security|Platform security|Processor|Power supply|Power unit|Cooling device|Other units|Memory|Drive slot|POST memory resize|System firmware|Event logging|Watchdog 1|System event|Critical interrupt|Button|Module or board|Microcontroller|Add-in card|Chassis|Chip set|Other FRU|Cable or interconnect|Terminator|System boot|Boot error|OS boot|OS stop|Slot or connector|ACPI power state|Watchdog 2|Platform alert|Entity presence|Monitor ASIC|LAN|Management subsystem health|Battery|Session audit|Version change|FRU state'.split(
    '|',
  )

/** IPMI 2.0 table 42-2: states by event type, from bit 0 on. */
const genericStates: Readonly<Record<number, string>> = {
  1: 'below non-critical, falling|below non-critical, rising|below critical, falling|below critical, rising|below non-recoverable, falling|below non-recoverable, rising|above non-critical, falling|above non-critical, rising|above critical, falling|above critical, rising|above non-recoverable, falling|above non-recoverable, rising',
  2: 'idle|active|busy',
  3: 'not asserted|asserted',
  4: 'no failure predicted|failure predicted',
  5: 'limit not exceeded|limit exceeded',
  6: 'performance met|performance lags',
  7: 'ok|non-critical from ok|critical from less severe|non-recoverable from less severe|non-critical from more severe|critical from non-recoverable|non-recoverable|monitor|informational',
  8: 'absent|present',
  9: 'disabled|enabled',
  10: 'running|in test|power off|on line|off line|off duty|degraded|power save|install error',
  11: 'fully redundant|redundancy lost|redundancy degraded|not redundant, but sufficient, from redundant|not redundant, but sufficient, from insufficient|not redundant, insufficient|redundancy degraded from full|redundancy degraded from none',
  12: 'D0|D1|D2|D3',
}

/** IPMI 2.0 table 42-3: states by sensor type, from bit 0 on. */
const specificStates: Readonly<Record<number, string>> = {
  5: 'chassis intrusion|drive bay intrusion|I/O card intrusion|processor area intrusion|LAN cable lost|unauthorised dock|fan area intrusion',
  6: 'front panel lockout violated|set-up password violation|user password violation|network boot password violation|other pre-boot password violation|out-of-band password violation',
  7: 'internal error|thermal trip|self-test failure|hang in POST|start-up failure|configuration error|uncorrectable CPU complex error|present|disabled|terminator present|throttled|machine check|correctable machine check',
  8: 'present|failure detected|failure predicted|input lost|input lost or out of range|input out of range, but present|configuration error|inactive',
  9: 'power off|power cycle|240 VA power down|interlock power down|AC lost|soft power control failure|failure detected|failure predicted',
  12: 'correctable error|uncorrectable error|parity error|scrub failed|device disabled|error logging limit reached|present|configuration error|spare|throttled|critical overtemperature',
  13: 'present|fault|failure predicted|hot spare|consistency check|in critical array|in failed array|rebuilding|rebuild aborted',
  15: 'POST error|firmware hang|firmware progress',
  16: 'correctable memory error logging disabled|event type logging disabled|log cleared|all logging disabled|log full|log almost full|correctable machine check logging disabled',
  17: 'BIOS reset|OS reset|OS shut down|OS power down|OS power cycle|OS NMI|OS expired|OS interrupt before time-out',
  18: 'reconfigured|OEM system boot|undetermined hardware failure|auxiliary log entry|PEF action|time synchronised',
  19: 'front panel NMI|bus time-out|I/O channel check NMI|software NMI|PCI parity error|PCI system error|EISA fail-safe time-out|bus correctable error|bus uncorrectable error|fatal NMI|bus fatal error|bus degraded',
  20: 'power button pressed|sleep button pressed|reset button pressed|FRU latch open|FRU service request',
  25: 'soft power control failure|thermal trip',
  27: 'connected|configuration error',
  29: 'power up|hard reset|warm reset|user requested PXE boot|automatic boot to diagnostics|OS hard reset|OS warm reset|restart',
  30: 'no bootable media|no bootable diskette|PXE server not found|invalid boot sector|time-out waiting for a choice',
  31: 'A: booted|C: booted|PXE booted|diagnostics booted|CD-ROM booted|ROM booted|boot completed|base OS installation started|base OS installation completed|base OS installation aborted|base OS installation failed',
  32: 'stopped while loading|run-time stop|graceful stop|graceful shutdown|soft shutdown by PEF|agent not responding',
  33: 'fault|identify|device present|ready for installation|ready for removal|power off|removal requested|interlock|disabled|spare',
  34: 'S0/G0 working|S1|S2|S3|S4|S5/G2 soft off|S4/S5 soft off|G3 mechanical off|sleeping in S1-S3|G1 sleeping|S5 by override|legacy on|legacy off|unknown',
  35: 'expired|hard reset|power down|power cycle|reserved|reserved|reserved|reserved|interrupt',
  37: 'present|absent|disabled',
  39: 'heartbeat lost|heartbeat',
  40: 'sensor access degraded|controller access degraded|controller off line|controller unavailable|sensor failure|FRU failure',
  41: 'low|failed|present',
  42: 'session activated|session deactivated|invalid user name or password|password threshold disabled the user',
  43: 'change detected|change detected, with success|incompatible|unsupported, invalid|installed|not installed',
  44: 'not installed|inactive|activation requested|activating|active|deactivation requested|deactivating|communication lost',
}

const sensorSpecific = 0x6f
const threshold = 0x01

/** `Temperature`, `Power supply`. */
export function renderSensorType(type: number): string {
  return sensorTypes[type] || (type >= 0xc0 ? 'OEM sensor' : `Sensor type ${type}`)
}

/** The name of state `offset` of a discrete sensor, or of a threshold's event. */
export function renderState(sensorType: number, eventType: number, offset: number): string {
  const list = eventType === sensorSpecific ? specificStates[sensorType] : genericStates[eventType]
  return list?.split('|')[offset] ?? `state ${offset}`
}

/** The asserted states of a discrete sensor. */
export function renderStates(sensorType: number, eventType: number, states: number): string[] {
  if (eventType === threshold || eventType === 0) return []
  const asserted = Array.from({ length: 15 }, (_, offset) => offset).filter(
    (offset) => (states >> offset) & 1,
  )
  return asserted.map((offset) => renderState(sensorType, eventType, offset))
}
