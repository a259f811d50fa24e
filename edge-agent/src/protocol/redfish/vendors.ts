import { parseText, type Resource, resourceAt, textAt } from './resource.ts'

/**
 * What is known to be particular about a maker's firmware. All of it only says what to try first: a maker that is in
 * no list gets the usual rules, and refusals are worked around whoever made the BMC.
 */
export interface VendorRules {
  /** As people know it; null for one without a name of ours. */
  name: string | null
  /** Boot overrides name target, enabled and mode each time. */
  hasToSayAllBootFields: boolean
  /** Changing the firmware's mode is a job with a restart of its own: it is written only where it differs. */
  avoidsBootMode: boolean
  /** Names of the virtual CD as a boot target. */
  cdTargets: readonly string[]
  /** Accounts are slots: the first that may be taken, by its id. */
  firstAccountSlot: number | null
  /** `$expand` gives incomplete members. */
  mistrustsExpand: boolean
}

const usual: VendorRules = {
  name: null,
  hasToSayAllBootFields: false,
  avoidsBootMode: false,
  cdTargets: ['Cd', 'UsbCd'],
  firstAccountSlot: null,
  mistrustsExpand: false,
}

const vendors: readonly [RegExp, Partial<VendorRules>][] = [
  [/dell|idrac/i, { name: 'Dell', avoidsBootMode: true, firstAccountSlot: 3 }],
  [/hpe|hewlett|^hp$|proliant|\bilo\b/i, { name: 'HPE' }],
  [/lenovo|xclarity|\bxcc\b/i, { name: 'Lenovo' }],
  [/supermicro|\bsmci?\b/i, { name: 'Supermicro', hasToSayAllBootFields: true, cdTargets: ['UsbCd', 'Cd'] }],
  [/asrock/i, { name: 'ASRock Rack', hasToSayAllBootFields: true, mistrustsExpand: true }],
  [/gigabyte|giga computing|gbt/i, { name: 'Gigabyte', hasToSayAllBootFields: true, mistrustsExpand: true }],
  [/nvidia/i, { name: 'NVIDIA' }],
  [
    /\bami\b|american megatrends|megarac/i,
    { name: 'AMI', hasToSayAllBootFields: true, mistrustsExpand: true },
  ],
  [/huawei|xfusion/i, { name: 'Huawei' }],
  [/cisco/i, { name: 'Cisco' }],
  [/fujitsu|irmc|fsas/i, { name: 'Fujitsu' }],
  [/openbmc/i, { name: 'OpenBMC' }],
]

/** By what the service root says; where that is nothing, by what its manager or its machine says of itself. */
export function chooseVendorRules(root: Resource, ...others: readonly (string | null)[]): VendorRules {
  const oem = Object.keys(resourceAt(root, 'Oem'))
  const words = [textAt(root, 'Vendor'), oem.length === 1 ? (oem[0] ?? null) : null, textAt(root, 'Product')]
  for (const word of [...words, ...others]) {
    const rules = word === null ? undefined : vendors.find(([pattern]) => pattern.test(word))?.[1]
    if (rules) return { ...usual, ...rules }
  }
  const named = words[0] ?? (words[1] ? parseText(words[1]) : null)
  return { ...usual, name: named ?? null }
}
