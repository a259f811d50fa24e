/** IANA enterprise numbers of those who make BMCs or servers. */
const vendors: Record<number, string> = {
  2: 'IBM',
  11: 'HPE',
  42: 'Oracle',
  343: 'Intel',
  674: 'Dell',
  2011: 'Huawei',
  5771: 'Cisco',
  6653: 'Tyan',
  7244: 'Quanta',
  10368: 'Fujitsu',
  10876: 'Supermicro',
  15370: 'Gigabyte',
  19046: 'Lenovo',
  20301: 'Lenovo',
  20974: 'AMI',
  37945: 'Inspur',
  47196: 'HPE',
  47488: 'Supermicro',
  49622: 'ASRock Rack',
  52538: 'Ampere',
}

/** Null for one that we have no name for. */
export function vendorName(enterpriseNumber: number): string | null {
  return vendors[enterpriseNumber] ?? null
}
