import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { createOpenApiDocument } from '../src/openapi.ts'
import { version } from '../src/version.ts'

/** `write-openapi.ts [FILE]`: the committed one when left out. */
const path = process.argv[2] ?? fileURLToPath(new URL('../openapi.json', import.meta.url))
writeFileSync(path, `${JSON.stringify(createOpenApiDocument(version), null, 2)}\n`)
console.log(`wrote ${path}`)
