/** RMCP's header (ASF 2.0 §3.2.2, IPMI 2.0 §13.1.3). */
export const rmcpVersion = 0x06
export const rmcpClasses = { asf: 0x06, ipmi: 0x07 } as const
