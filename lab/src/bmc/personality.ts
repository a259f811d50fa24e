/** How makers' BMCs differ, as data: what a client has to cope with. */

export const personalityNames = ['dell', 'hpe', 'lenovo', 'supermicro', 'openbmc', 'ami'] as const
export type PersonalityName = (typeof personalityNames)[number]

interface IpmiPersonality {
  /** Enterprise number of the maker, and the product's own. */
  manufacturerId: number
  productId: number
  /** Offered, best first. */
  cipherSuites: readonly number[]
  /** Status that an Open Session Request for any other suite gets. */
  unknownSuiteStatus: number
  lanChannel: number
  /** Boot option parameter 3 (which events keep the boot flags) exists. */
  hasBootFlagClearing: boolean
  /** Persistent boot flags act once. */
  ignoresPersistent: boolean
  /** How the GUID answer is ordered: as SMBIOS stores it, as RFC 4122 prints it, or all bytes backwards. */
  guidOrder: 'smbios' | 'printed' | 'reversed'
  /** Most sessions at a time. */
  sessionSlots: number
}

export interface Personality {
  name: PersonalityName
  manufacturer: string
  model: string
  bmcName: string
  firmwareVersion: { major: number; minor: number; text: string }
  ipmi: IpmiPersonality
}

const usualIpmi: Omit<IpmiPersonality, 'manufacturerId' | 'productId'> = {
  cipherSuites: [17, 3],
  unknownSuiteStatus: 0x11,
  lanChannel: 1,
  hasBootFlagClearing: true,
  ignoresPersistent: false,
  guidOrder: 'smbios',
  sessionSlots: 16,
}

export const personalities: Record<PersonalityName, Personality> = {
  dell: {
    name: 'dell',
    manufacturer: 'Dell Inc.',
    model: 'PowerEdge R650',
    bmcName: 'iDRAC9',
    firmwareVersion: { major: 6, minor: 10, text: '6.10.30.20' },
    ipmi: { ...usualIpmi, manufacturerId: 674, productId: 0x0100 },
  },
  hpe: {
    name: 'hpe',
    manufacturer: 'HPE',
    model: 'ProLiant DL360 Gen11',
    bmcName: 'iLO 6',
    firmwareVersion: { major: 1, minor: 58, text: 'iLO 6 v1.58' },
    ipmi: { ...usualIpmi, manufacturerId: 11, productId: 0x2000, lanChannel: 2, guidOrder: 'printed' },
  },
  lenovo: {
    name: 'lenovo',
    manufacturer: 'Lenovo',
    model: 'ThinkSystem SR630 V2',
    bmcName: 'XClarity Controller',
    firmwareVersion: { major: 2, minor: 83, text: 'TGBT42S-2.83' },
    ipmi: { ...usualIpmi, manufacturerId: 19046, productId: 0x0140 },
  },
  supermicro: {
    name: 'supermicro',
    manufacturer: 'Supermicro',
    model: 'SYS-120U-TNR',
    bmcName: 'ASPEED AST2600',
    firmwareVersion: { major: 1, minor: 3, text: '01.03.13' },
    ipmi: { ...usualIpmi, manufacturerId: 10876, productId: 0x1b2a, sessionSlots: 8 },
  },
  openbmc: {
    name: 'openbmc',
    manufacturer: 'OpenBMC Project',
    model: 'Catalina',
    bmcName: 'OpenBmc',
    firmwareVersion: { major: 2, minor: 15, text: '2.15.0-dev' },
    ipmi: {
      ...usualIpmi,
      manufacturerId: 49769,
      productId: 0x0001,
      cipherSuites: [17],
      unknownSuiteStatus: 0x01,
      hasBootFlagClearing: false,
      ignoresPersistent: true,
      guidOrder: 'reversed',
    },
  },
  ami: {
    name: 'ami',
    manufacturer: 'AMI',
    model: 'H262-Z63',
    bmcName: 'MegaRAC SP-X',
    firmwareVersion: { major: 12, minor: 84, text: '12.84.13' },
    ipmi: { ...usualIpmi, manufacturerId: 15370, productId: 0x0202, cipherSuites: [3, 17], sessionSlots: 5 },
  },
}
