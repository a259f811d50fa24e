/** Stands where a secret was. */
export const redacted = '[redacted]'

const secretNames =
  '(?:password|passwd|passphrase|secret|token|cookie|authorization|signature|credential|api[-_]?key|sig)'

/** What a secret looks like, wherever it turns up: in an address, a header, a command line, another program's message. */
const secretShapes: readonly [RegExp, string][] = [
  // JWS and JWE, compact (RFC 7515 section 3.1, RFC 7516 section 3.1): a header in base64url begins with {".
  [/\beyJ[\w-]{8,}(?:\.[\w-]*){1,4}/g, redacted],
  [/\b(Bearer|Basic) +[\w.~+/=-]{6,}/gi, `$1 ${redacted}`],
  // This product's own: enrolment, invitation, confirmation, API key, way back (`df` and a letter or more).
  [/\bdf[a-z]{1,4}_[\w-]{16,}/g, redacted],
  [/\b(\/?phone-home\/[\w-]+)\/[\w-]+/g, `$1/${redacted}`],
  // User information in an address (RFC 3986 section 3.2.1).
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${redacted}@`],
  [/([?&](?:code|state|key)=)[^\s&#"']+/gi, `$1${redacted}`],
  [new RegExp(`([\\w.-]*${secretNames}[\\w.-]*)=("[^"]*"|[^\\s&;,"'#]+)`, 'gi'), `$1=${redacted}`],
  [new RegExp(`("[\\w.-]*${secretNames}[\\w.-]*"\\s*:\\s*)"(?:[^"\\\\]|\\\\.)*"`, 'gi'), `$1"${redacted}"`],
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, redacted],
]

const secretField = new RegExp(secretNames, 'i')

/** A text without what looks like a secret. The last line of defence: nothing that is known to be one is logged at all. */
export function redact(text: string): string {
  return secretShapes.reduce((result, [shape, replacement]) => result.replace(shape, replacement), text)
}

/** A field whose name says that its value is one. */
export function isSecretField(name: string): boolean {
  return secretField.test(name)
}
