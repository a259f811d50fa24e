/** Where a maker's BMCs differ from the specification. */
export interface Quirks {
  /** Boot flags' device for a UEFI disk. */
  uefiDiskDeviceCode?: number
  /** First auxiliary byte of Activate Payload for SOL. */
  solActivation?: number
  /** The channels on which to look for the LAN, in this order. */
  lanChannels?: readonly number[]
}

/** By IANA enterprise number. */
const makers: Readonly<Record<number, Quirks>> = {
  // HP and HPE
  11: { lanChannels: [2, 1] },
  47196: { lanChannels: [2, 1] },
  // Intel: "intelplus" boards insist on CTS and DCD at the start
  343: { solActivation: 0xc4, lanChannels: [1, 3, 8] },
  // Quanta
  7244: { lanChannels: [1, 8] },
  // Supermicro: 08h boots a UEFI machine's disk in legacy mode
  10876: { uefiDiskDeviceCode: 0x24 },
  47488: { uefiDiskDeviceCode: 0x24 },
}

export function quirksOf(device: { manufacturerId: number }): Quirks {
  return makers[device.manufacturerId] ?? {}
}
