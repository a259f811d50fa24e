/** "412 W", "3.1 kW", "48 kW". */
export function formatWatts(watts: number): string {
  if (Math.abs(watts) < 1000) return `${Math.round(watts)} W`
  const kilowatts = watts / 1000
  return `${Number(kilowatts.toFixed(Math.abs(kilowatts) < 10 ? 2 : 1))} kW`
}

export function formatCelsius(celsius: number): string {
  return `${Math.round(celsius)} °C`
}
