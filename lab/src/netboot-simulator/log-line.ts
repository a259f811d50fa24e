/** What a simulated ramdisk writes into its log. */
export function renderLogLine(boot: number, line: number): string {
  return `simulated boot ${boot}, line ${line}`
}
