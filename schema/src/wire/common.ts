import { z } from 'zod'

/** Lower-case, colon-separated IEEE 802 MAC address. */
export const macSchema = z
  .string()
  .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/, 'a MAC address is six lower-case hex pairs joined by colons')

/** Lower-case hexadecimal SHA-256. */
export const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, 'a SHA-256 is 64 lower-case hex digits')

export const idSchema = z.string().min(1).max(64)
export const epochMsSchema = z.number().int().nonnegative()
export const sizeBytesSchema = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER)
export const sentenceSchema = z.string().min(1).max(2000)

export const smbiosUuidSchema = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'an SMBIOS UUID is lower-case 8-4-4-4-12 hex')
