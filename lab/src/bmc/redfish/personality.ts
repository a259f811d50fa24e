import type { PersonalityName } from '../personality.ts'

export interface RedfishPersonality {
  /** Null where the service root does not say; `oemKey` is the one key of its Oem object. */
  vendor: string | null
  oemKey: string
  product: string | null
  redfishVersion: string
  systemId: string
  managerId: string
  chassisId: string
  resetTypes: readonly string[]
  /** Where those are said: beside the action, or in a resource of their own. */
  resetTypesIn: 'action' | 'action-info'
  /** What a reset to the state that the machine is in already is answered with. */
  sameStateStatus: 204 | 400 | 409
  bootTargets: readonly string[]
  bootEnabled: readonly string[]
  /** A boot override must name target, enabled and mode. */
  needsAllBootFields: boolean
  /** Where a boot override is written to: below the system, or the system itself (null). */
  settingsObject: string | null
  etag: 'none' | 'weak' | 'strong'
  /** What a PATCH without If-Match gets: 428, or its way. */
  needsIfMatch: boolean
  /** A path without the slash at its end is redirected (308). */
  redirectsToSlash: boolean
  /** An action needs a JSON object, be it empty. */
  needsJsonBody: boolean
  sessionSeconds: number
  sessionSlots: number
  /** Ids of accounts: slot numbers from here on, or user names. */
  accountIds: number | 'names'
  passwordLength: { min: number; max: number }
  media: {
    parent: 'system' | 'manager'
    slot: string
    /** How a disc is put in: by actions, or by writing the slot. */
    by: 'action' | 'patch'
    schemes: readonly string[]
    /** Inserted and WriteProtected are refused. */
    refusesExtras: boolean
  }
  logs: { parent: 'system' | 'manager'; id: string }
  sseUri: string | null
  hasEnvironmentMetrics: boolean
}

const usual: RedfishPersonality = {
  vendor: null,
  oemKey: 'Example',
  product: null,
  redfishVersion: '1.13.1',
  systemId: '1',
  managerId: '1',
  chassisId: '1',
  resetTypes: [
    'On',
    'ForceOff',
    'GracefulShutdown',
    'GracefulRestart',
    'ForceRestart',
    'Nmi',
    'PushPowerButton',
  ],
  resetTypesIn: 'action',
  sameStateStatus: 204,
  bootTargets: ['None', 'Pxe', 'Cd', 'Usb', 'Hdd', 'BiosSetup', 'UefiHttp'],
  bootEnabled: ['Disabled', 'Once', 'Continuous'],
  needsAllBootFields: false,
  settingsObject: null,
  etag: 'strong',
  needsIfMatch: false,
  redirectsToSlash: false,
  needsJsonBody: false,
  sessionSeconds: 1800,
  sessionSlots: 16,
  accountIds: 1,
  passwordLength: { min: 4, max: 20 },
  media: { parent: 'manager', slot: 'CD', by: 'action', schemes: ['http', 'https'], refusesExtras: false },
  logs: { parent: 'system', id: 'Log1' },
  sseUri: null,
  hasEnvironmentMetrics: false,
}

/** How the makers' Redfish differs; each is one generation of its BMC. */
export const redfishPersonalities: Record<PersonalityName, RedfishPersonality> = {
  dell: {
    ...usual,
    vendor: 'Dell',
    oemKey: 'Dell',
    product: 'Integrated Dell Remote Access Controller',
    systemId: 'System.Embedded.1',
    managerId: 'iDRAC.Embedded.1',
    chassisId: 'System.Embedded.1',
    resetTypes: [...usual.resetTypes, 'PowerCycle'],
    sameStateStatus: 409,
    bootTargets: ['None', 'Pxe', 'Cd', 'Hdd', 'BiosSetup', 'Utilities', 'UefiTarget', 'UefiHttp'],
    etag: 'none',
    media: { ...usual.media, parent: 'system', slot: '1' },
    logs: { parent: 'manager', id: 'Sel' },
    sseUri: '/redfish/v1/SSE',
  },
  hpe: {
    ...usual,
    vendor: 'HPE',
    oemKey: 'Hpe',
    product: 'ProLiant DL360 Gen11',
    redfishVersion: '1.13.0',
    redirectsToSlash: true,
    needsJsonBody: true,
    sameStateStatus: 400,
    sessionSeconds: 30,
    etag: 'weak',
    media: { ...usual.media, slot: '2' },
    logs: { parent: 'system', id: 'IML' },
    passwordLength: { min: 6, max: 39 },
  },
  lenovo: {
    ...usual,
    vendor: 'Lenovo',
    oemKey: 'Lenovo',
    redfishVersion: '1.15.0',
    resetTypes: [...usual.resetTypes.filter((type) => type !== 'PushPowerButton'), 'ForceOn'],
    resetTypesIn: 'action-info',
    bootTargets: ['None', 'Pxe', 'Cd', 'Usb', 'Hdd', 'BiosSetup', 'Diags', 'UefiTarget'],
    bootEnabled: ['Once', 'Disabled'],
    settingsObject: 'Pending',
    needsIfMatch: true,
    sessionSeconds: 300,
    media: { ...usual.media, parent: 'system', slot: 'EXT1', by: 'patch' },
    logs: { parent: 'system', id: 'StandardLog' },
    sseUri: '/redfish/v1/EventService/ServerSentEvent',
    hasEnvironmentMetrics: true,
    passwordLength: { min: 6, max: 32 },
  },
  supermicro: {
    ...usual,
    oemKey: 'Supermicro',
    redfishVersion: '1.11.0',
    resetTypes: [...usual.resetTypes, 'ForceOn'],
    resetTypesIn: 'action-info',
    bootTargets: ['None', 'Pxe', 'Floppy', 'Cd', 'Usb', 'Hdd', 'BiosSetup', 'UsbCd', 'UefiHttp'],
    etag: 'weak',
    sessionSeconds: 300,
    media: { ...usual.media, slot: 'CD1', refusesExtras: true },
    logs: { parent: 'system', id: 'Log1' },
  },
  openbmc: {
    ...usual,
    redfishVersion: '1.17.0',
    systemId: 'system',
    managerId: 'bmc',
    chassisId: 'chassis',
    resetTypes: [
      'On',
      'ForceOn',
      'ForceOff',
      'PowerCycle',
      'Nmi',
      'GracefulRestart',
      'GracefulShutdown',
      'ForceRestart',
    ],
    resetTypesIn: 'action-info',
    bootTargets: ['None', 'Pxe', 'Hdd', 'Cd', 'Diags', 'BiosSetup', 'Usb'],
    accountIds: 'names',
    media: { ...usual.media, slot: 'Slot_0', schemes: ['https'] },
    logs: { parent: 'system', id: 'EventLog' },
    sseUri: '/redfish/v1/EventService/SSE',
    passwordLength: { min: 4, max: 20 },
  },
  ami: {
    ...usual,
    vendor: 'AMI',
    oemKey: 'Ami',
    product: 'AMI Redfish Server',
    redfishVersion: '1.7.0',
    systemId: 'Self',
    managerId: 'Self',
    chassisId: 'Self',
    resetTypes: [...usual.resetTypes.filter((type) => type !== 'PushPowerButton'), 'PowerCycle'],
    resetTypesIn: 'action-info',
    bootTargets: ['None', 'Pxe', 'Floppy', 'Cd', 'Usb', 'Hdd', 'BiosSetup', 'UefiHttp', 'RemoteDrive'],
    needsAllBootFields: true,
    etag: 'weak',
    needsIfMatch: true,
    sessionSeconds: 30,
    media: { ...usual.media, slot: 'CD1' },
    logs: { parent: 'system', id: 'BIOS' },
  },
}
