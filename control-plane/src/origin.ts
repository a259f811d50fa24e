export interface OriginPolicy {
  /** Origins that a browser may act from when it reached this server by `host` (the Host header). */
  allowed(host: string | null): string[]
}

/**
 * The public URL's origin; and this server's own address as it was reached, if that is an IP address or
 * localhost. A name that merely resolves to this server is not enough: that is how DNS rebinding works.
 */
export function createOriginPolicy(publicUrl: string): OriginPolicy {
  const configured = new URL(publicUrl)
  return {
    allowed(host) {
      const origins = [configured.origin]
      const reached = host ? parseHost(host) : null
      if (reached && isAddress(reached.hostname)) origins.push(`http://${reached.host}`)
      return origins
    },
  }
}

function parseHost(host: string): URL | null {
  if (!/^[a-z0-9.:[\]-]{1,255}$/i.test(host)) return null
  return URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : null
}

function isAddress(hostname: string): boolean {
  return hostname === 'localhost' || /^\d+\.\d+\.\d+\.\d+$/.test(hostname) || hostname.startsWith('[')
}
