import type { BmcScan } from '../../api/views.ts'

export type ScanRow = BmcScan['rows'][number]

/** Whether it can be taken in: it is no machine of ours yet. */
export function isNew(row: ScanRow): boolean {
  return row.machineId === null
}

/** Who made it, as far as it told without a password. */
export function describeMaker({ redfish, ipmi }: ScanRow): string | null {
  const vendor = redfish?.vendor ?? ipmi?.vendor ?? null
  const product = redfish?.product ?? null
  if (product === null || vendor === null) return vendor ?? product
  return product.toLowerCase().startsWith(vendor.toLowerCase()) ? product : `${vendor} ${product}`
}

/** "Redfish 1.11, IPMI 2.0 (suites 3, 17)". */
export function describeProtocols({ redfish, ipmi }: ScanRow): string {
  const suites = ipmi?.cipherSuites.length ? ` (suites ${ipmi.cipherSuites.join(', ')})` : ''
  const spoken = [
    redfish && `Redfish${redfish.version ? ` ${redfish.version}` : ''}`,
    ipmi && (ipmi.hasIpmi20 ? `IPMI 2.0${suites}` : 'IPMI 1.5 only'),
  ]
  return spoken.filter(Boolean).join(', ')
}

/** Why nothing can be done with it over the LAN; null where something can. */
export function refuseRow({ redfish, ipmi }: ScanRow): string | null {
  return redfish || ipmi?.hasIpmi20
    ? null
    : 'It speaks IPMI 1.5 only, which has no encryption: Dragonfly does not send passwords that way.'
}

/** New ones, and those that are taken in already and let nobody in. */
export function canChoose(row: ScanRow): boolean {
  return (isNew(row) || row.needsLogin) && refuseRow(row) === null
}

/** Only those that are still there, and still want something, stay chosen. */
export function keepChosen(chosen: ReadonlySet<string>, rows: readonly ScanRow[]): ScanRow[] {
  return rows.filter((row) => chosen.has(row.address) && canChoose(row))
}
