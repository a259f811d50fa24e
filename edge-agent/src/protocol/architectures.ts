/**
 * A client architecture (DHCP option 93; IANA registry "Processor Architecture Types", with RFC 4578's swap of 7 and 9
 * put right). Without `firstStage` we know the name, and have nothing to boot it with.
 */
export interface ClientArchitecture {
  name: string
  firstStage?: { fileName: 'undionly.kpxe' | 'snponly.efi' | 'shimx64.efi'; transport: 'tftp' | 'http' }
  /** Where the network is set to Secure Boot. */
  signedFirstStage?: ClientArchitecture['firstStage']
}

const bios = { fileName: 'undionly.kpxe', transport: 'tftp' } as const
const uefi = { fileName: 'snponly.efi', transport: 'tftp' } as const
const uefiSigned = { fileName: 'shimx64.efi', transport: 'tftp' } as const
const uefiHttp = { fileName: 'snponly.efi', transport: 'http' } as const

export const clientArchitectures: ReadonlyMap<number, ClientArchitecture> = new Map<
  number,
  ClientArchitecture
>([
  [0, { name: 'BIOS x86', firstStage: bios }],
  [1, { name: 'PC-98' }],
  [2, { name: 'Itanium' }],
  [3, { name: 'DEC Alpha' }],
  [4, { name: 'Arc x86' }],
  [5, { name: 'Intel Lean Client' }],
  [6, { name: 'UEFI IA-32' }],
  [7, { name: 'UEFI x64', firstStage: uefi, signedFirstStage: uefiSigned }],
  [8, { name: 'UEFI XScale' }],
  // EFI byte code by the registry; what sends it is x64.
  [9, { name: 'UEFI EBC', firstStage: uefi, signedFirstStage: uefiSigned }],
  [10, { name: 'UEFI ARM 32-bit' }],
  [11, { name: 'UEFI ARM 64-bit' }],
  [12, { name: 'PowerPC Open Firmware' }],
  [13, { name: 'PowerPC ePAPR' }],
  [14, { name: 'POWER OPAL' }],
  [15, { name: 'UEFI IA-32 HTTP' }],
  [16, { name: 'UEFI x64 HTTP', firstStage: uefiHttp }],
  [17, { name: 'UEFI EBC HTTP' }],
  [18, { name: 'UEFI ARM 32-bit HTTP' }],
  [19, { name: 'UEFI ARM 64-bit HTTP' }],
  [20, { name: 'BIOS x86 HTTP' }],
  [21, { name: 'U-Boot ARM 32-bit' }],
  [22, { name: 'U-Boot ARM 64-bit' }],
  [23, { name: 'U-Boot ARM 32-bit HTTP' }],
  [24, { name: 'U-Boot ARM 64-bit HTTP' }],
  [25, { name: 'UEFI RISC-V 32-bit' }],
  [26, { name: 'UEFI RISC-V 32-bit HTTP' }],
  [27, { name: 'UEFI RISC-V 64-bit' }],
  [28, { name: 'UEFI RISC-V 64-bit HTTP' }],
  [29, { name: 'UEFI RISC-V 128-bit' }],
  [30, { name: 'UEFI RISC-V 128-bit HTTP' }],
  [31, { name: 's390 Basic' }],
  [32, { name: 's390 Extended' }],
  [33, { name: 'UEFI MIPS 32-bit' }],
  [34, { name: 'UEFI MIPS 64-bit' }],
  [35, { name: 'UEFI Sunway 32-bit' }],
  [36, { name: 'UEFI Sunway 64-bit' }],
  [37, { name: 'UEFI LoongArch 32-bit' }],
  [38, { name: 'UEFI LoongArch 32-bit HTTP' }],
  [39, { name: 'UEFI LoongArch 64-bit' }],
  [40, { name: 'UEFI LoongArch 64-bit HTTP' }],
  [41, { name: 'ARM rpiboot' }],
])

const raspberryPiPrefixes = [
  'b8:27:eb',
  'dc:a6:32',
  'e4:5f:01',
  '28:cd:c1',
  'd8:3a:dd',
  '2c:cf:67',
  '88:a2:9e',
]

/** A Raspberry Pi's boot ROM says architecture 0, and cannot run what a BIOS runs. */
export function isRaspberryPi(mac: string): boolean {
  return raspberryPiPrefixes.some((prefix) => mac.startsWith(prefix))
}
