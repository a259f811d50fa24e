import type { BmcDriverName } from '@dragonfly/schema/state'

export const driverNames: Record<BmcDriverName, string> = {
  redfish: 'Redfish',
  ipmi: 'IPMI',
  'wake-on-lan': 'Wake-on-LAN',
  person: 'a person',
}
