import type { FullSensorRecord } from '../../codec/ipmi/sdr-record.ts'

/** IPMI 2.0 table 43-15, the symbol that people write. */
const symbols: readonly string[] =
  ' |°C|°F|K|V|A|W|J|C|VA|nit|lm|lx|cd|kPa|psi|N|CFM|RPM|Hz|µs|ms|s|min|h|d|wk|mil|in|ft|in³|ft³|mm|cm|m|cm³|m³|l|fl oz|rad|sr|rev|cycles|g|oz|lb|ft·lb|oz·in|G|Gi|H|mH|F|µF|Ω|S|mol|Bq|ppm| |dB|dBA|dBC|Gy|Sv|K (color)|bit|kbit|Mbit|Gbit|B|kB|MB|GB|word|dword|qword|line|hit|miss|retry|reset|overrun|underrun|collision|packet|message|character|error|correctable errors|uncorrectable errors|fatal errors|g'.split(
    '|',
  )

const watt = 6
const celsius = 1

/** `°C`, `RPM`, `%`, `V/s`; empty for a number without a unit. */
export function renderUnit(sensor: FullSensorRecord): string {
  const base = (symbols[sensor.baseUnit] ?? '').trim()
  const other = (symbols[sensor.modifierUnit] ?? '').trim()
  const joined = { none: base, per: `${base}/${other}`, times: `${base}·${other}` }[sensor.modifier]
  const unit = sensor.isPercent && !joined ? '%' : sensor.isPercent ? `% ${joined}` : joined
  return sensor.ratePer ? `${unit}/${sensor.ratePer}` : unit
}

export function isWatts(sensor: FullSensorRecord): boolean {
  return sensor.baseUnit === watt && sensor.modifier === 'none' && !sensor.ratePer
}

export function isCelsius(sensor: FullSensorRecord): boolean {
  return sensor.baseUnit === celsius && sensor.modifier === 'none' && !sensor.ratePer
}
