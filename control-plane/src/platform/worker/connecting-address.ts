import { parseAddress } from '../../addresses.ts'

/** Cloudflare writes this header itself, over whatever a client sent; only where it is in front may it be believed. */
export function connectingAddress(_env: unknown, headers: Headers): string | null {
  const address = headers.get('cf-connecting-ip')
  return address === null ? null : parseAddress(address)
}
